"""The latency table of ``voicestream bench``: what is measured, how, and how it is shown."""
