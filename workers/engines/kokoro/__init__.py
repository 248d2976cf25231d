"""Engine ``kokoro``: Kokoro-82M, a neural voice for nine languages that is fast enough for a CPU."""
