"""Hear your coding agent, in your language, while it is still writing."""

__version__ = "0.1.0"
