"""Tail of one transcript file, through truncation, rotation and rewriting: each line once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from voicestream.client.sources import transcript_lines
from voicestream.client.sources.lines import LineSplitter

if TYPE_CHECKING:
    from pathlib import Path

READ_BYTES: Final = 1 << 18

MAX_TURN_BYTES: Final = 4 << 20
"""Bytes read from one file before the others are looked at."""

CHECKED_BYTES: Final = 1024
"""Bytes before the place of reading by which a file is recognized."""

MAX_KNOWN_LINES: Final = 1 << 14
"""Lines that are recognized when the file is written again."""

MAX_FIRST_BYTES: Final = 1 << 20
"""Upper bound of a first line that is looked at."""


class Tail:
    """Reader of what is appended to a file; the file need not exist yet."""

    def __init__(self, path: Path, *, start: int = 0, since: float = 0.0) -> None:
        """Initialize; reads nothing yet.

        Args:
            path: of the file.
            start: offset of the first byte to read.
            since: lines at the beginning that are older are skipped; in seconds since the epoch.
        """
        self.path: Final = path
        self._since = since
        self._offset = start
        self._before: bytes | None = None
        """The last bytes before the offset; None: nothing was read yet."""
        self._size = -1
        self._identity = (0, 0)
        self._modified = -1
        self._lines = LineSplitter()
        self._known: dict[int, None] = {}
        """Hashes of lines that were read, the newest last."""
        self._is_read_again = False
        """True until the first new line of a file that was written again."""
        self._skips_old = start == 0
        self._is_silent: bool | None = None

    @property
    def lost_lines(self) -> int:
        """Return the number of lines that were too long."""
        return self._lines.lost_lines

    def read(self) -> list[bytes]:
        """Return the new lines; empty if there are none, or no file.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return []
        identity = (found.st_dev, found.st_ino)
        if (identity, found.st_size, found.st_mtime_ns) == (self._identity, self._size, self._modified):
            return []
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            data = self._read(descriptor, found.st_size)
        finally:
            os.close(descriptor)
        if self._offset >= found.st_size:  # otherwise there is more to read at once
            self._identity, self._size, self._modified = identity, found.st_size, found.st_mtime_ns
        return [] if self._is_silent else [line for line in self._lines.add(data) if self._is_new(line)]

    def rest(self) -> list[bytes]:
        """Return a last line without a line end if it is a whole object; call it when the file has rested."""
        line = self._lines.waiting
        if self._is_silent or not line or not transcript_lines.is_whole(line):
            return []
        self._lines.take()
        return [line + b"\n"] if self._is_new(line + b"\n") else []

    def _read(self, descriptor: int, size: int) -> bytes:
        if self._is_silent is None and size:
            self._is_silent = transcript_lines.is_of_sub_agent(_first_line(descriptor))
        if self._before is None:
            self._offset = _start_of_line(descriptor, min(self._offset, size))
            self._before = _pread(descriptor, self._offset)
        elif size < self._offset or _pread(descriptor, self._offset) != self._before:
            self._begin_again()
        parts: list[bytes] = []
        most = MAX_TURN_BYTES
        while most > 0 and (data := os.pread(descriptor, min(READ_BYTES, most), self._offset)):
            parts.append(data)
            most -= len(data)
            self._offset += len(data)
        data = b"".join(parts)
        self._before = ((self._before or b"") + data)[-CHECKED_BYTES:]
        return data

    def _begin_again(self) -> None:
        """Read from the beginning: the file was truncated, or is another one."""
        self._offset, self._before = 0, b""
        self._lines.take()
        self._is_read_again = self._skips_old = True

    def _is_new(self, line: bytes) -> bool:
        key = hash(line)
        if self._is_read_again:
            if key in self._known:
                return False
            self._is_read_again = False
        self._known[key] = None
        if len(self._known) > MAX_KNOWN_LINES:
            del self._known[next(iter(self._known))]
        if not self._skips_old:
            return True
        time = transcript_lines.time_of(line)
        if time < self._since:
            return False
        # A header without a time tells nothing about the lines behind it.
        self._skips_old = time == float("inf")
        return True


def _pread(descriptor: int, end: int) -> bytes:
    """Return the bytes before an offset."""
    start = max(0, end - CHECKED_BYTES)
    return os.pread(descriptor, end - start, start)


def _start_of_line(descriptor: int, offset: int) -> int:
    """Return the start of a line that is not complete yet; the offset itself if there is none, or if it is too long."""
    start = max(0, offset - MAX_FIRST_BYTES)
    end_before = os.pread(descriptor, offset - start, start).rfind(b"\n")
    return start + end_before + 1 if end_before >= 0 or not start else offset


def _first_line(descriptor: int) -> bytes:
    return os.pread(descriptor, MAX_FIRST_BYTES, 0).partition(b"\n")[0]
