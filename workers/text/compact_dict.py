"""Read-only dictionary of many short texts, which takes a fifth to a tenth of the memory of a ``dict``.

All entries are in one text, sorted by key, in blocks. The first key of each block is in a list for bisection; within
the block the entry is found by its key. A lookup takes some 2 µs.
"""

from __future__ import annotations

import bisect
import functools
import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

V = TypeVar("V")
Result = TypeVar("Result")

_BLOCK: Final = 32
"""Entries searched one after another: about 1 kB."""

_AT_ONCE: Final = 128 * _BLOCK
"""Entries encoded together: 4096, so that little memory is taken beside the text."""

_REMEMBERED: Final = 1024
"""Values of the keys asked for last."""


class CompactDict(Mapping[str, V]):
    """Mapping of keys to values that JSON can express. The values must not be changed."""

    def __init__(self, entries: Mapping[str, V], kind: object = Any) -> None:
        """Store the entries.

        Args:
            entries: keys without line breaks and tabs, with their values.
            kind: type of the values.

        Raises:
            ValueError: a key has a line break or tab.
        """
        keys = sorted(entries)
        blocks: list[bytes] = []
        for start in range(0, len(keys), _AT_ONCE):
            lines = _lines(entries, keys[start : start + _AT_ONCE])
            blocks += (b"\n%b\n" % b"\n".join(lines[first : first + _BLOCK]) for first in range(0, len(lines), _BLOCK))
        self._text: Final = b"".join(blocks)
        # Copies: each of the given ones would keep a page of them from being freed.
        self._first: Final = [block[1 : block.index(b"\t")].decode() for block in blocks]
        starts = [0]
        for block in blocks:
            starts.append(starts[-1] + len(block))
        self._starts: Final = starts
        self._length: Final = len(keys)
        self._decode: Final[Callable[[bytes], V]] = msgspec.json.Decoder(cast("type[V]", kind)).decode
        self._found: Final = functools.lru_cache(_REMEMBERED)(self._find)

    def __getitem__(self, key: str) -> V:
        """Return the value of a key.

        Raises:
            KeyError: there is none.
        """
        value = self._found(key)
        if value is None:
            raise KeyError(key)
        return value[0]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in order."""
        for line in self._text.split(b"\n"):
            if line:
                yield line[: line.index(b"\t")].decode()

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._length

    def _find(self, key: str) -> tuple[V] | None:
        block = bisect.bisect_right(self._first, key) - 1
        if block < 0 or "\n" in key or "\t" in key:
            return None
        end = self._starts[block + 1]
        sought = b"\n%b\t" % key.encode("utf-8", "surrogatepass")
        place = self._text.find(sought, self._starts[block], end)
        if place < 0:
            return None
        begin = place + len(sought)
        return (self._decode(self._text[begin : self._text.index(b"\n", begin, end)]),)


def _lines(entries: Mapping[str, object], keys: list[str]) -> list[bytes]:
    """Return keys and their values as lines; the loops are those of built-in functions.

    Raises:
        ValueError: a key has a line break or tab.
    """
    text = "\n".join(keys).encode()
    if b"\t" in text or text.count(b"\n") != len(keys) - 1:
        raise ValueError("a key with a line break or tab")
    values = msgspec.json.Encoder().encode_lines([entries[key] for key in keys])
    return list(map(b"\t".join, zip(text.split(b"\n"), values.removesuffix(b"\n").split(b"\n"), strict=True)))


def without_collection(call: Callable[[], Result]) -> Result:
    """Return the result of a call that makes many objects, without looking for garbage among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return call()
    finally:
        if was_enabled:
            gc.enable()
