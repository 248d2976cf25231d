"""Sessions: what a client may open, what it requires of workers, its input, and its detached end."""
