"""Model downloads: hubs and pinned files, checksums, atomic files, free disk space."""
