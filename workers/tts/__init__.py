"""The tts worker."""
