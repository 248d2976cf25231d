"""Progress reporter protocol of downloads and conversions."""

from __future__ import annotations

from typing import Protocol


class ProgressReporter(Protocol):
    """Receiver of messages and progress."""

    def note(self, text: str) -> None:
        """Report a message."""
        ...

    def progress(self, what: str, done: int, total: int) -> None:
        """Report progress: ``done`` of ``total`` bytes; finished when both are equal."""
        ...
