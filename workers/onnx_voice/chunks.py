"""Chunking of the phonemes of a sentence, with a short first chunk for low latency.

The network synthesizes a whole chunk at once, so the time to the first sound is that of the first chunk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

MIN_SYMBOLS: Final = 20
"""Symbols; the authors of the network advise against shorter texts."""

MAX_SYMBOLS: Final = 200
"""Symbols, about 13 s; the network accepts 510, with a longer delay."""

FIRST_PREFERRED: Final = 70
FIRST_MAX: Final = 120
"""Preferred and maximum end of the first chunk: about 4 and 8 s."""

_BOUNDARIES: Final = (
    (re.compile(r"[.!?…][”\")]*(?= )"), 0.35),
    (re.compile(r"[;:—][”\")]*(?= )| (?=[—(])"), 0.2),
    (re.compile(r",[”\")]*(?= )|[”\")](?= )"), 0.12),
    (re.compile(r"(?= )"), 0.0),
)
"""Boundaries, best first, with their pause in seconds. The last one, without a pause, is for chunks that would be too
long."""


@dataclass(frozen=True)
class Chunk:
    """Part of a sentence that is synthesized at once."""

    phonemes: str
    pause_seconds: float
    """Pause before the next chunk; 0 for the last one."""


def split(phonemes: str) -> list[Chunk]:
    """Split a sentence into chunks; joined with spaces they are the sentence."""
    chunks: list[Chunk] = []
    rest = phonemes.strip()
    while rest:
        end, pause = _next_end(rest) if chunks else _first_end(rest)
        chunk, rest = rest[:end].strip(), rest[end:].strip()
        chunks.append(Chunk(chunk, pause if rest else 0.0))
    return chunks


def _first_end(rest: str) -> tuple[int, float]:
    """Return the end of the first chunk, and its pause: the earliest clause boundary that is allowed."""
    ends = [(found.end(), pause) for boundary, pause in _BOUNDARIES[:-1] for found in boundary.finditer(rest)]
    # Of boundaries at the same position, the best one comes first.
    early = min((each for each in ends if _fits(rest, each[0], FIRST_PREFERRED)), key=itemgetter(0), default=None)
    if early or len(rest) <= FIRST_MAX:
        return early or (len(rest), 0.0)
    return _best_end(rest, FIRST_MAX)


def _next_end(rest: str) -> tuple[int, float]:
    """Return the end of a later chunk, and its pause: the latest position of the best boundary."""
    return (len(rest), 0.0) if len(rest) <= MAX_SYMBOLS else _best_end(rest, MAX_SYMBOLS)


def _best_end(rest: str, longest: int) -> tuple[int, float]:
    for boundary, pause in _BOUNDARIES:
        ends = [found.end() for found in boundary.finditer(rest) if _fits(rest, found.end(), longest)]
        if ends:
            return ends[-1], pause
    return longest, 0.0


def _fits(rest: str, end: int, longest: int) -> bool:
    """Return whether a cut leaves no chunk too long or too short."""
    return MIN_SYMBOLS <= end <= longest and len(rest) - end >= MIN_SYMBOLS
