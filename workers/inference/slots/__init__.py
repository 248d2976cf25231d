"""Decoder steps over slots: each row is the newest token of a sequence of its own, at its own position."""
