"""Division of a sentence into pieces that the library translates well and in bounded time."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from voicestream.workers.text.clauses import divide

MAX_CHARACTERS: Final = 400
"""Longer text took seconds and came back cut: 4,200 characters 6.3 s."""
CLAUSE_CHARACTERS: Final = 120
"""Limit for a second attempt, which would otherwise give the same words."""

_LONG_WORD: Final = re.compile(
    r"[^\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{61,}"
)
"""A word of more than 60 characters in a script with spaces: one of 5,000 took 51 s."""
_WORD: Final = re.compile(r"[^\W\d_]")


class Piece(NamedTuple):
    """Part of a sentence."""

    text: str
    is_translated: bool
    """False: it stays as it is."""
    gap: str
    """Text between it and the next piece."""


def pieces(text: str, limit: int = MAX_CHARACTERS) -> list[Piece]:
    """Divide a sentence at clauses, and set words apart that are too long to be translated.

    Args:
        text: one sentence.
        limit: characters of a piece.
    """
    found: list[Piece] = []
    position = 0
    for match in _LONG_WORD.finditer(text):
        found += _clauses(text[position : match.start()], limit)
        gap = " " if text[match.end() :][:1].isspace() else ""
        found.append(Piece(match[0], is_translated=False, gap=gap))
        position = match.end()
    return found + _clauses(text[position:], limit)


def join(translated: list[tuple[str, str]]) -> str:
    """Put translated pieces together; each with the gap behind it."""
    return "".join(text.strip() + gap for text, gap in translated).strip()


def _clauses(text: str, limit: int) -> list[Piece]:
    stripped = text.strip()
    if not stripped:
        return []
    parts = divide(stripped, limit)
    # Scripts without spaces get none where they are divided.
    between = " " if " " in stripped or stripped.isascii() else ""
    after = " " if text[-1].isspace() else ""
    return [
        Piece(part, _WORD.search(part) is not None, after if number == len(parts) else between)
        for number, part in enumerate(parts, start=1)
    ]
