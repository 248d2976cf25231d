"""Voices: those that engines bring, and a person's own, of samples that were recorded and agreed to."""
