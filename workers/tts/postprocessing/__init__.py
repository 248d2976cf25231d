"""Postprocessing of synthesized speech: endpointing, quality checks, retries, loudness, fades."""
