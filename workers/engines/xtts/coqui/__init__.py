"""Use of the package coqui-tts: import, checkpoints read safely, text front-end."""
