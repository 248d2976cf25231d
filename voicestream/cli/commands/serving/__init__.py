"""Command ``voicestream serve``."""
