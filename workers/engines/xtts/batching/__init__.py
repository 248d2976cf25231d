"""Continuous batching: a scheduler without I/O, decoders with slots, and the streams of sentences."""
