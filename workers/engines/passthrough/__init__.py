"""Engine ``none``: no translation."""
