"""Kokoro-82M: a neural voice of nine languages under a permissive licence, quick enough for a processor."""
