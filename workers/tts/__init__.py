"""The tts worker and its engines."""
