"""Stages of the server: engines on a thread of their own, as streams of sound and batches of texts."""
