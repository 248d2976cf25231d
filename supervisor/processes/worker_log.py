"""One role's log file, filled from what its processes log and print, at a bounded rate.

A sound library in trouble can print without end (PortAudio was seen to write 1.8 GB in 38 s). What is too much is
counted and left out; after that the pipe rests for a moment, because reading as fast as a process can write takes two
whole cores. So who floods waits, for some milliseconds at a time, and nobody else does.

What a process prints once it may have the agent's words (engines, their libraries and programs) is only counted.
"""

from __future__ import annotations

import codecs
import math
import os
from typing import TYPE_CHECKING, Final

from voicestream import log
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from pathlib import Path

READ_BYTES: Final = 64 << 10
"""At most this much is read at a time, so that one chatty worker does not keep the supervisor from the others."""

BURST_BYTES: Final = 256 << 10
BYTES_PER_SECOND: Final = 16 << 10
"""What a role may print at once, and in the long run; a traceback has some 5 KB."""

REST_SECONDS: Final = 0.01
"""How long the pipe is left alone after something was too much: with what fits into a pipe, 6 MB/s are taken."""


HIDDEN_NOTE_SECONDS: Final = 60.0
"""How often a line says how much was printed and not logged."""


class WorkerLog:
    """The log file of one role."""

    def __init__(self, path: Path | None) -> None:
        """``path``: None where no log can be written; the output is read all the same."""
        self._path = path
        self._decoders = {is_log: codecs.getincrementaldecoder("utf-8")("replace") for is_log in (True, False)}
        self._allowance = float(BURST_BYTES)
        self._refilled_at = 0.0
        self._left_out = 0
        self._hidden = 0
        """Bytes that were not logged and are not told yet."""
        self._hidden_told_at = -math.inf
        self.rests_until = 0.0
        """When the output should be looked at again, on the monotonic clock."""

    def pump(self, descriptor: int, now: float) -> bool:
        """Take what is waiting of a worker's log lines; False when they have ended."""
        data = self._read(descriptor, now)
        if data:
            self.write(data, now)
        return data != b""

    def pump_output(self, descriptor: int, now: float, *, hidden: bool) -> bool:
        """Take what is waiting of what a worker has printed; False when that has ended.

        Args:
            descriptor: non-blocking.
            now: seconds on the monotonic clock.
            hidden: it may have the agent's words: count it.
        """
        data = self._read(descriptor, now)
        if data and hidden:
            self._hide(data, now)
        elif data:
            self.write(data, now, is_log=False)
        return data != b""

    def tell_hidden(self, now: float) -> None:
        """Write how much was not logged, if that was not told yet."""
        if self._hidden:
            self.write(b"[%d bytes of output while the worker has sentences are not logged]\n" % self._hidden, now)
            self._hidden = 0
            self._hidden_told_at = now

    def _hide(self, data: bytes, now: float) -> None:
        self._hidden += len(data)
        self.rests_until = now + REST_SECONDS
        if now >= self._hidden_told_at + HIDDEN_NOTE_SECONDS:
            self.tell_hidden(now)

    def _read(self, descriptor: int, now: float) -> bytes | None:
        """What is waiting; None if nothing is, no bytes at the end."""
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            # A worker may go on with its output closed, and then there is always an end to be read.
            self.rests_until = now + REST_SECONDS
        return data

    def write(self, data: bytes, now: float, *, is_log: bool = True) -> None:
        """Add to the file what is safe on a terminal, unless there was too much lately."""
        self._allowance = min(BURST_BYTES, self._allowance + (now - self._refilled_at) * BYTES_PER_SECOND)
        self._refilled_at = now
        if len(data) > self._allowance:
            self._left_out += len(data)
            self.rests_until = now + REST_SECONDS
            return
        self._allowance -= len(data)
        note = b"[%d bytes of output left out]\n" % self._left_out if self._left_out else b""
        try:
            self._append(note + strip_terminal_codes(self._decoders[is_log].decode(data)).encode())
        except OSError:
            # A full disk must not end the supervisor; what could not be written is counted like what was too much.
            self._left_out += len(data)
        else:
            self._left_out = 0

    def _append(self, data: bytes) -> None:
        if self._path is None:
            return
        descriptor = log.open_to_write(self._path)
        try:
            os.write(descriptor, data)
            full = os.fstat(descriptor).st_size >= log.FILE_BYTES
        finally:
            os.close(descriptor)
        if full:
            self._path.replace(self._path.with_suffix(".log.1"))
