r"""Bytes to lines. Lines may be long (images, tool results), so what is ignored is passed over and never kept.

Lines end at ``\n`` only: U+2028, U+0085 and the form feed are legal inside JSON strings.
"""

from __future__ import annotations

from typing import Final

LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes; a longer line is skipped and counted. Ten times the longest that was seen."""
_ENOUGH: Final = 128
"""Bytes by which the beginning of every ignored line is known."""


class LineBuffer:
    """The line that has begun and not ended."""

    def __init__(self, *, skipping: bool = False) -> None:
        self.skipping = skipping
        """The rest of this line is passed over."""
        self.too_long = 0
        """Lines that were skipped because of their length."""
        self._parts: list[bytes] = []
        self.size = 0
        """Bytes kept."""
        self._first = b""
        """The first of them that is no white space."""

    def complete(self, data: bytes) -> tuple[bytes | None, int]:
        """The line that ends in ``data``, if one was begun: (line or None, index in ``data`` to go on from).

        The index is -1 when the line goes on: then ``data`` is taken in.
        """
        if not self.skipping and not self._parts:
            return None, 0
        end = data.find(b"\n")
        if end < 0:
            if not self.skipping:
                self._append(data)
            return None, -1
        line = None
        if not self.skipping and self.size + end <= LONGEST_LINE:
            line = b"".join((*self._parts, data[:end]))
        elif not self.skipping:
            self.too_long += 1
        self.clear()
        return line, end + 1

    def keep(self, rest: bytes) -> None:
        """A line begins with ``rest``."""
        self._parts = [rest] if rest else []
        self.size = len(rest)
        self._first = rest.lstrip()[:1]

    def skip_if(self, ignored: tuple[bytes, ...]) -> None:
        """Pass the line over when it begins like an ignored one."""
        if ignored and self._parts and self._parts[0].startswith(ignored):
            self.skip()

    def skip(self) -> None:
        """Pass the rest of the line over."""
        self.clear()
        self.skipping = True

    def clear(self) -> None:
        """Forget what was kept."""
        self._parts = []
        self.size = 0
        self._first = b""
        self.skipping = False

    def peek(self) -> bytes:
        """The bytes that were kept."""
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0] if self._parts else b""

    @property
    def is_text(self) -> bool:
        """True if the kept input is neither blank nor begins like an object; a long line is not joined."""
        return self._first not in (b"", b"{")

    def _append(self, data: bytes) -> None:
        self.size += len(data)
        self._first = self._first or data.lstrip()[:1]
        if self.size > LONGEST_LINE:
            self.too_long += 1
            self.skip()
        elif self._parts and len(self._parts[0]) < _ENOUGH:
            self._parts[0] += data
        else:
            self._parts.append(data)
