"""The bundled agent session that ``voicestream demo`` speaks."""
