"""Commands that listen to agents beside their own streams."""
