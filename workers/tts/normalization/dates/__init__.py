"""Text normalization of dates and times."""
