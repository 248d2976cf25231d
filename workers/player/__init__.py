"""The player worker: playback of the audio pool to loudspeakers, a WAV file, or nowhere."""
