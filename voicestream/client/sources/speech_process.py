"""Speech process: a child ``voicestream run`` that is fed line by line through a bounded queue.

Its user never waits for it, whatever the speech side does: lines that find no room are lost and counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from voicestream.client.queued_writer import STDERR, QueuedWriter
from voicestream.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_BYTES: Final = 16 << 20
"""Text that waits for a speech process that does not read; one that runs reads at once."""

COMMAND: Final = (sys.executable, "-P", "-m", "voicestream", "run", "--no-keys")
"""One terminal cannot be read by several children."""


class SpeechProcess:
    """One child, started with the first line."""

    def __init__(self, options: Sequence[str], *, limit_bytes: int = LIMIT_BYTES, copies_stderr: bool = False) -> None:
        """Initialize; the child is started by another thread.

        Args:
            options: of ``voicestream run``.
            limit_bytes: how much may wait; a line that would exceed it is lost.
            copies_stderr: the child gets no descriptor of ours, so that nobody waits for it to close one.
        """
        self._options = list(options)
        self._copies_stderr = copies_stderr
        self._process: subprocess.Popen[bytes] | None = None
        self._copier: threading.Thread | None = None
        self._queue = QueuedWriter(self._start, limit_bytes, owns_descriptor=True)

    def put(self, line: bytes) -> None:
        """Queue a line; never blocks."""
        self._queue.put(line)

    @property
    def lost_lines(self) -> int:
        """Return the number of lines that were not handed over."""
        return self._queue.lost_pieces

    @property
    def failure(self) -> OSError | None:
        """Return the error that ended feeding: the child could not be started, or has ended."""
        return self._queue.failure

    def end_input(self, timeout_seconds: float) -> None:
        """Hand over what waits, and end the child's input; the rest is lost if it does not read for that long."""
        self._queue.flush(timeout_seconds)
        self._queue.close()

    def wait(self, timeout_seconds: float) -> int | None:
        """Wait for the end of the child; its exit code (1 if it could not be started), None on timeout."""
        if not self._queue.opened.wait(timeout_seconds):
            return None
        if self._process is None:
            return EXIT_INCOMPLETE
        try:
            code = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        if self._copier is not None:
            self._copier.join(timeout_seconds)
        return code

    def signal(self, number: int) -> None:
        """Send a signal to the child if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def _start(self) -> int:
        """Start the child; returns the descriptor of its input."""
        theirs, ours = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*COMMAND, *self._options],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE if self._copies_stderr else None,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        if self._process.stderr is not None:
            self._copier = threading.Thread(
                target=_copy, args=(self._process.stderr.fileno(),), name="stderr", daemon=True
            )
            self._copier.start()
        return ours


def _copy(source: int) -> None:
    """Copy everything to stderr, until its reader is gone."""
    try:
        while data := os.read(source, 1 << 16):
            view = memoryview(data)
            while view:
                view = view[os.write(STDERR, view) :]
    except OSError:
        return  # nobody reads it
