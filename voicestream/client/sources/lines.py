"""Line splitter of a byte stream, with a limit. Sans-I/O."""

from __future__ import annotations

from typing import Final

MAX_LINE_BYTES: Final = 16 << 20
"""Upper bound of one line; a longer one is dropped and counted."""


class LineSplitter:
    """Collects bytes into whole lines, line ends included."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        """Initialize; ``max_line_bytes``: longer lines are dropped."""
        self._limit = max_line_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._is_dropping = False
        self.lost_lines: int = 0
        """Lines dropped because of their length."""

    def add(self, data: bytes) -> list[bytes]:
        """Add bytes; returns the lines that are complete now."""
        first, end, rest = data.partition(b"\n")
        if not end:
            self._keep(data)
            return []
        self._keep(first + end)
        lines = [self.take()]
        *whole, last = rest.split(b"\n")
        for line in whole:
            self._keep(line + b"\n")
            lines.append(self.take())
        self._keep(last)
        return [line for line in lines if line]

    def take(self) -> bytes:
        """Return the bytes of the line that has begun; empty if there are none."""
        line = b"".join(self._parts)
        self._clear()
        self._is_dropping = False
        return line

    @property
    def waiting(self) -> bytes:
        """Return the bytes of the line that has begun, which stay there."""
        return b"".join(self._parts)

    def _keep(self, data: bytes) -> None:
        if self._is_dropping or not data:
            return
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._limit:
            self.lost_lines += 1
            self._clear()
            self._is_dropping = True

    def _clear(self) -> None:
        self._parts.clear()
        self._size = 0
