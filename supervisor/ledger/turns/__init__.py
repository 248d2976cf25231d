"""Turns of sessions: scheduling, and the signal at a change. Sans-I/O."""
