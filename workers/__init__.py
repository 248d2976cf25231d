"""Worker processes: parser, translation, tts, player."""
