"""The processes that do the work: parser, translation, tts, player."""
