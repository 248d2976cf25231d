"""The translation worker."""
