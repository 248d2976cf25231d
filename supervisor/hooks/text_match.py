"""Comparison of a whole text with the pieces spoken before, by length and checksum. Pure.

White space does not count: pieces have line ends that the whole text may lack.
"""

from __future__ import annotations

import zlib

import msgspec


def compact(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())


class Spoken(msgspec.Struct):
    """Length and checksum of the beginning of a message."""

    characters: int = 0
    """Characters that are no white space."""
    checksum: int = 0

    def add(self, text: str) -> None:
        """Append a piece."""
        shown = compact(text)
        self.characters += len(shown)
        self.checksum = zlib.crc32(shown.encode("utf-8", "replace"), self.checksum)

    def rest_of(self, whole: str) -> str | None:
        """Return the part of a whole text after this beginning; None if it begins otherwise."""
        shown = compact(whole)
        if len(shown) < self.characters:
            return None
        beginning = shown[: self.characters]
        if zlib.crc32(beginning.encode("utf-8", "replace")) != self.checksum:
            return None
        return after(whole, self.characters)


def of(text: str) -> Spoken:
    """Return length and checksum of a text."""
    spoken = Spoken()
    spoken.add(text)
    return spoken


def after(text: str, characters: int) -> str:
    """Return what follows a number of characters that are no white space."""
    if characters <= 0:
        return text
    for at, character in enumerate(text):
        if not character.isspace():
            characters -= 1
            if not characters:
                return text[at + 1 :]
    return ""
