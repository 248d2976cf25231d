"""Keys of the terminal that control playback while ``run`` reads the agent's output."""
