"""How those who fetch and convert tell a person what they are doing."""

from __future__ import annotations

from typing import Protocol


class ProgressReporter(Protocol):
    """Somebody who is told."""

    def note(self, text: str) -> None:
        """Something happened."""
        ...

    def progress(self, what: str, done: int, total: int) -> None:
        """So many bytes of something are done; it is over when all are."""
        ...
