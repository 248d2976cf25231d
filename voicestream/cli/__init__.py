"""Command line: one module a command in ``commands``; ``main`` imports them on demand."""
