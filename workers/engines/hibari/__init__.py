"""The engine ``hibari``: a small English voice that comes in a package."""
