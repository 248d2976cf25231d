"""Output files of a session, opened and written in threads of their own, because both may block for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from voicestream.cli import failures
from voicestream.client.queued_writer import QueuedWriter
from voicestream.errors import UsageError

STDOUT: Final = 1

LIMIT_BYTES: Final = 64 << 20
"""Limit of queued data: the events of about 40,000 sentences."""

OPEN_SECONDS: Final = 1.0
"""Timeout for opening a file that is not a FIFO; the session starts without it."""


class QueuedFile:
    """Queue before a file, a FIFO or stdout."""

    def __init__(self, option: str, content: str, name: str) -> None:
        """Start opening it.

        Args:
            option: the option that names it, for messages.
            content: plural noun for what is written, for messages.
            name: the file, or ``-``.
        """
        self.option: Final = option
        self.content: Final = content
        self._name = name
        self._is_told = False
        self.queue: Final = QueuedWriter(self._open, LIMIT_BYTES, owns_descriptor=name != "-")

    @property
    def suffix(self) -> str:
        """Suffix of its name in lower case."""
        return Path(self._name).suffix.lower()

    def check(self) -> None:
        """Check that it could be opened; a FIFO is not waited for.

        Raises:
            UsageError: it could not.
        """
        if not self._is_fifo() and self.queue.opened.wait(OPEN_SECONDS) and self.queue.failure is not None:
            self._is_told = True
            raise UsageError(
                f"{self.option} {self._name}: {self.queue.failure.strerror}",
                hint="Give a file name where you may write.",
            )

    @property
    def is_stdout(self) -> bool:
        """Return whether it is stdout."""
        return self._name == "-"

    @property
    def has_news(self) -> bool:
        """Return whether there is a write error that was not reported."""
        return self.queue.failure is not None and not self._is_told

    def report_failure(self) -> None:
        """Report a write error once, if there is one."""
        if self.queue.failure is not None and not self._is_told:
            self._is_told = True
            failures.print_message(f"no more {self.content} are written: {self.queue.failure.strerror}")

    def _is_fifo(self) -> bool:
        try:
            return Path(self._name).is_fifo()
        except OSError:
            return False

    def _open(self) -> int:
        if self._name == "-":
            return STDOUT
        return os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
