"""The engine ``none``: no translation."""
