"""The translation worker: protection of names, translation, quality checks."""
