"""Log file of one role, filled from the log and output of its processes at a bounded rate.

A sound library in trouble can print without end: PortAudio wrote 1.8 GB in 38 s. Excess output is counted and dropped;
then the pipe is not read for a moment, because reading at full speed takes two whole cores. This backpressure delays
only the process that floods.

Output of a process that may contain the agent's words (from engines, their libraries and programs) is only counted.
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
"""Upper bound of one read, so that one verbose worker does not delay the others."""

BURST_BYTES: Final = 256 << 10
BYTES_PER_SECOND: Final = 16 << 10
"""Burst size and sustained rate of the token bucket of a role; a traceback has about 5 KB."""

REST_SECONDS: Final = 0.01
"""Seconds without reading after excess output; with the size of a pipe this allows 6 MB/s."""


HIDDEN_NOTE_SECONDS: Final = 60.0
"""Seconds between two lines that report the amount of hidden output."""


class WorkerLog:
    """The log file of one role."""

    def __init__(self, path: Path | None) -> None:
        """Open the log; ``path`` is None if no log can be written, and the output is still read."""
        self._path = path
        self._decoders = {is_log: codecs.getincrementaldecoder("utf-8")("replace") for is_log in (True, False)}
        self._allowance = float(BURST_BYTES)
        self._refilled_at = 0.0
        self._left_out = 0
        self._hidden = 0
        """Bytes that were neither logged nor reported yet."""
        self._hidden_told_at = -math.inf
        self.rests_until = 0.0
        """Time at which the output is to be read again, in seconds of the monotonic clock."""

    def pump(self, descriptor: int, now: float) -> bool:
        """Read pending log lines of a worker; return False at their end."""
        data = self._read(descriptor, now)
        if data:
            self.write(data, now)
        return data != b""

    def pump_output(self, descriptor: int, now: float, *, hidden: bool) -> bool:
        """Read pending output of a worker; return False at its end.

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
        """Log the amount of hidden output, unless it is already reported."""
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
        """Read pending bytes; return None if there are none, and no bytes at the end."""
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            # A worker may continue with its output closed; then the end is always readable.
            self.rests_until = now + REST_SECONDS
        return data

    def write(self, data: bytes, now: float, *, is_log: bool = True) -> None:
        """Append terminal-safe bytes to the file, unless the rate is exceeded."""
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
            # A full disk must not end the supervisor; bytes that could not be written count as excess output.
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
