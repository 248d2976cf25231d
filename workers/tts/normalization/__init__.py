"""Text normalization for neural voices: numbers, symbols and identifiers become words."""
