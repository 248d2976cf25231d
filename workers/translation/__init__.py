"""The translation worker and its engines."""
