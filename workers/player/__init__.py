"""The player: plays what is in the audio pool to the speakers, into a WAV file, or nowhere."""
