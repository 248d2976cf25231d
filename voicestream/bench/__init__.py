"""Benchmarks of ``voicestream bench``: measurements, and the latency table."""
