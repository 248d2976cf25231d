"""What is done to a sound between a voice engine and the listener: trimmed, judged, evened out."""
