"""Voices: those of engines, and the user's own from recorded samples with consent."""
