"""What an engine is given that is loaded and asked by nobody but a measurement."""

from __future__ import annotations


def ignore_progress(_stage: str, _progress: float | None) -> None:
    """Nobody waits for it to load."""


def never_cancelled() -> bool:
    """Nobody cancels what it does."""
    return False
