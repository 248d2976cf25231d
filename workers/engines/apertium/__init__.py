"""Engine ``apertium``: rule-based translation with the programs of the system."""
