"""Sentence boundary detection."""
