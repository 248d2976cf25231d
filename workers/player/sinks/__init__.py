"""Sinks of the sound server: list, choice, and the quiet that one needs to wake up."""
