"""Engines, one folder each; the entry points of the distribution name their specs."""
