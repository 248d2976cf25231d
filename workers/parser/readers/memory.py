"""What was said already: remembered by position (the id of a message or an item), never by its words alone."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

_REMEMBERED: Final = 64
"""Texts; copies come within the same turn."""


class Said(msgspec.Struct, frozen=True):
    """One text of one message: its length and a digest, which keeps checkpoints small."""

    key: str
    length: int
    digest: bytes


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


class Memory(msgspec.Struct):
    """The texts that were said last, by key."""

    said: list[Said] = []

    def remember(self, key: str, text: str) -> None:
        """Text was said under this key."""
        text = text.strip()
        if text:
            self.said = [*self.said[1 - _REMEMBERED :], Said(key, len(text), _digest(text))]

    def unsaid(self, key: str, text: str) -> str:
        """What of a text was not said yet under this key: "" when all of it was."""
        shown = text.strip()
        for said in reversed(self.said):
            if said.key == key and said.length <= len(shown) and _digest(shown[: said.length]) == said.digest:
                return shown[said.length :]
        return text

    def knows(self, key: str) -> bool:
        """Whether anything was said under this key."""
        return any(said.key == key for said in self.said)

    def was_last(self, text: str) -> bool:
        """Whether this was the last text said, whatever its key."""
        shown = text.strip()
        return bool(self.said) and self.said[-1].length == len(shown) and self.said[-1].digest == _digest(shown)


def rest_of(whole: str, streamed: str) -> str | None:
    """What a whole text has beyond the pieces that came before it; None when it is another text."""
    shown, known = whole.strip(), streamed.strip()
    if known.startswith(shown):
        return ""
    if shown.startswith(known):
        return shown[len(known) :]
    return None
