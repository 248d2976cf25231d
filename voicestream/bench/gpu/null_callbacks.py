"""What an engine is given that is loaded and asked by nobody but a measurement."""

from __future__ import annotations


def tell_nobody(_stage: str, _progress: float | None) -> None:
    """Nobody waits for it to load."""


def never() -> bool:
    """Nobody cancels what it does."""
    return False
