"""Joining of number words to their context, with a space before and after adjacent letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

_JOINING: Final = frozenset(("ja", "ko", "zh"))
"""Languages in which numbers adjoin the words around them: only Latin letters need a space there."""


def splice(found: re.Match[str], said: str, language: str, *, joined: bool = False) -> str:
    """Return the replacement of a match, with spaces where needed.

    Args:
        found: the match.
        said: its words.
        language: as for ``cardinal``.
        joined: the following text is part of the word.
    """
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    after = found.string[found.end() : found.end() + 1]
    base = language[:2]
    # Arabic prefixes the words for and, with, for and like to the next word.
    left = before.isalnum() and (before.isascii() or (base not in _JOINING and base != "ar"))
    right = not joined and after.isalnum() and (after.isascii() or base not in _JOINING)
    return f"{' ' if left else ''}{said}{' ' if right else ''}"
