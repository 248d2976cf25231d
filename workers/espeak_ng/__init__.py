"""Binding of espeak-ng: its shared library and its voices, for the engine of that name and for phonemes."""
