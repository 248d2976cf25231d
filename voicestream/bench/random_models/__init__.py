"""Random models in full or small size, for measurements: the files that real ones have, without their weights."""
