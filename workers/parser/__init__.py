"""The parser worker."""
