"""Where ``--events`` writes: opened and written in a thread of its own, since either may wait for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from voicestream.cli import failures
from voicestream.client.queued_writer import QueuedWriter
from voicestream.errors import UsageError

STDOUT: Final = 1

LIMIT_BYTES: Final = 64 << 20
"""Of events that wait for their reader: those of about 40,000 sentences."""

OPEN_SECONDS: Final = 1.0
"""How long a file that is no FIFO may take to open before the session begins without it."""


class EventFile:
    """The queue before a file, a FIFO or stdout."""

    def __init__(self, name: str) -> None:
        """Begins to open it; ``name``: of the file, or ``-``."""
        self._name = name
        self._is_told = False
        self.queue: Final = QueuedWriter(self._open, LIMIT_BYTES, owns_descriptor=name != "-")

    def check(self) -> None:
        """Make sure that it could be opened; a FIFO is not waited for.

        Raises:
            UsageError: it could not.
        """
        if not self._is_fifo() and self.queue.opened.wait(OPEN_SECONDS) and self.queue.failure is not None:
            self._is_told = True
            raise UsageError(
                f"--events {self._name}: {self.queue.failure.strerror}", hint="Give a file name where you may write."
            )

    def report_failure(self) -> None:
        """Say once why nothing more is written, if so."""
        if self.queue.failure is not None and not self._is_told:
            self._is_told = True
            failures.print_message(f"no more events are written: {self.queue.failure.strerror}")

    def _is_fifo(self) -> bool:
        try:
            return Path(self._name).is_fifo()
        except OSError:
            return False

    def _open(self) -> int:
        if self._name == "-":
            return STDOUT
        return os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
