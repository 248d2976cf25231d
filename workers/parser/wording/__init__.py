"""Wording of a sentence: spoken forms of names, paths, secrets and symbols, and language detection."""
