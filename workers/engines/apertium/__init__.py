"""The engine ``apertium``: rule-based translation by the system's programs."""
