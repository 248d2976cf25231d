"""Weights on this machine: which there are, under which licence, where they lie, how they get there."""
