"""The engine's end of its helper process: start, one exchange at a time, cancellation, end."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.firefox import channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.engines.firefox.channel import Reply

MODULE: Final = f"{__package__}.process"
POLL_SECONDS: Final = 0.02
"""Interval between checks that the result is still wanted."""
GRACE_SECONDS: Final = 0.5
"""Time that a cancelled piece may delay the next one; most pieces take less."""
END_SECONDS: Final = 2.0
"""Time limit for the end of an idle process, which takes some milliseconds."""
_READ_BYTES: Final = 65_536


class HelperError(RuntimeError):
    """The helper process has ended, or its replies make no sense; start another."""


class Helper:
    """A helper process. It stays in the worker's process group, and ends at the end of its input."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start it.

        Args:
            clock: seconds.

        Raises:
            OSError: it cannot be started.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A panic of the library prints to stderr and may quote a sentence; the reply names its type.
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._buffer = bytearray()
        self._clock = clock
        self._number = 0
        self._is_pending = False
        """A request was sent whose reply has not come yet."""

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def exchange(self, directory: str, text: str, is_cancelled: Callable[[], bool]) -> Reply:
        """Return the reply to one piece of text.

        The reply to an exchange that was cancelled is waited for and dropped.

        Raises:
            CancelledError: ``is_cancelled`` returned True; the process finishes the piece by itself.
            HelperError: the process has ended, or is still busy with a piece that was cancelled.
        """
        self._settle(is_cancelled)
        self._number += 1
        self._is_pending = True
        try:
            # Far smaller than the buffer of a pipe, which is empty: it never blocks.
            self._input.write(channel.encode(channel.Request(self._number, directory, text)))
        except OSError as error:
            raise self._ended() from error
        while True:
            if is_cancelled():
                raise CancelledError
            reply = self._receive(POLL_SECONDS)
            if reply is not None:
                return reply

    def close(self) -> None:
        """End the process, which may be in the midst of a piece that nobody waits for."""
        with contextlib.suppress(OSError):
            self._input.close()
        try:
            self._process.wait(0 if self._is_pending else END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        self._output.close()

    def _settle(self, is_cancelled: Callable[[], bool]) -> None:
        """Wait until the process has finished a piece that was cancelled."""
        until = self._clock() + GRACE_SECONDS
        while self._is_pending:
            if is_cancelled():
                raise CancelledError
            if self._receive(POLL_SECONDS) is None and self._clock() > until:
                raise HelperError("the process that translates is busy with a piece that was cancelled")

    def _receive(self, timeout_seconds: float) -> Reply | None:
        """Return the reply that is due; None: it did not come in time."""
        if not self._selector.select(timeout_seconds):
            return None
        data = os.read(self._output.fileno(), _READ_BYTES)
        if not data:
            raise self._ended()
        self._buffer += data
        try:
            reply = channel.decode_reply(self._buffer)
        except ValueError as error:
            raise HelperError(f"the process that translates sent no reply: {type(error).__name__}") from error
        if reply is None:
            return None
        if reply.number != self._number:
            raise HelperError("the process that translates replied out of order")
        self._is_pending = False
        return reply

    def _ended(self) -> HelperError:
        self._process.kill()
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        return HelperError(f"the process that translates ended with {how}")
