"""Density benchmark: the number of listeners that one GPU serves in real time, and how soon each hears something."""
