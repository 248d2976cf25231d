"""Wording of one sentence: what is said of names, paths, secrets and symbols, and in which language it is."""
