"""One role's log file, filled from what its processes print, at a bounded rate.

A sound library in trouble can print without end (PortAudio was seen to write 1.8 GB in 38 s). What is too much is
counted and left out; after that the pipe rests for a moment, because reading as fast as a process can write takes two
whole cores. So who floods waits, for some milliseconds at a time, and nobody else does.
"""

from __future__ import annotations

import codecs
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


class WorkerLog:
    """The log file of one role."""

    def __init__(self, path: Path | None) -> None:
        """``path``: None where no log can be written; the output is read all the same."""
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._allowance = float(BURST_BYTES)
        self._refilled_at = 0.0
        self._left_out = 0
        self.rests_until = 0.0
        """When the output should be looked at again, on the monotonic clock."""

    def pump(self, descriptor: int, now: float) -> bool:
        """Take what is waiting in a worker's output; False when it has ended."""
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return True
        if data:
            self.write(data, now)
        else:
            # A worker may go on with its output closed, and then there is always an end to be read.
            self.rests_until = now + REST_SECONDS
        return bool(data)

    def write(self, data: bytes, now: float) -> None:
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
            self._append(note + strip_terminal_codes(self._decoder.decode(data)).encode())
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
