"""Model downloads: hubs and pinned files, free disk space."""
