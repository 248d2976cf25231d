"""Putting words where figures stood, with a space to letters they would touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

_JOINING: Final = frozenset(("ja", "ko", "zh"))
"""Languages in which a number touches the words around it: only Latin letters need a space there."""


def splice(found: re.Match[str], said: str, language: str, *, joined: bool = False) -> str:
    """What is said in place of a match.

    Args:
        found: what was written.
        said: the words for it.
        language: as for ``cardinal``.
        joined: what follows is a part of the word.
    """
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    after = found.string[found.end() : found.end() + 1]
    base = language[:2]
    # Arabic writes and, with, for and like onto the next word.
    left = before.isalnum() and (before.isascii() or (base not in _JOINING and base != "ar"))
    right = not joined and after.isalnum() and (after.isascii() or base not in _JOINING)
    return f"{' ' if left else ''}{said}{' ' if right else ''}"
