"""Cuts the phonemes of a sentence into pieces that are made one after another, the first one short.

The network makes all of a piece at once. So the first sound comes after as long as it takes to make the first piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

SHORTEST: Final = 20
"""Symbols. Shorter texts sound unsure, say those who trained the network."""

LONGEST: Final = 200
"""Symbols, about 13 seconds; the network could take 510, and somebody would wait for it."""

EARLY: Final = 70
LATEST: Final = 120
"""Where the first piece should end, and where it must: after about 4 and 8 seconds."""

_EDGES: Final = (
    (re.compile(r"[.!?…][”\")]*(?= )"), 0.35),
    (re.compile(r"[;:—][”\")]*(?= )| (?=[—(])"), 0.2),
    (re.compile(r",[”\")]*(?= )|[”\")](?= )"), 0.12),
    (re.compile(r"(?= )"), 0.0),
)
"""Where to cut, best first, and the seconds of quiet that belong there. At the last one nobody would pause: it is for
pieces that would be too long."""


@dataclass(frozen=True)
class Piece:
    """A part of a sentence."""

    phonemes: str
    pause_seconds: float
    """Quiet between its last sound and the first of the next; 0 for the last piece."""


def cut(phonemes: str) -> list[Piece]:
    """The pieces of a sentence, in their order; together they are the sentence but for the spaces between them."""
    pieces: list[Piece] = []
    rest = phonemes.strip()
    while rest:
        end, pause = _rest_cut(rest) if pieces else _first_cut(rest)
        piece, rest = rest[:end].strip(), rest[end:].strip()
        pieces.append(Piece(piece, pause if rest else 0.0))
    return pieces


def _first_cut(rest: str) -> tuple[int, float]:
    """Where the first piece ends, and the quiet behind it: at the first clause, as early as it may."""
    ends = [(found.end(), pause) for edge, pause in _EDGES[:-1] for found in edge.finditer(rest)]
    # Of edges that end at the same place, the best stands first.
    early = min((each for each in ends if _fits(rest, each[0], EARLY)), key=itemgetter(0), default=None)
    if early or len(rest) <= LATEST:
        return early or (len(rest), 0.0)
    return _best(rest, LATEST)


def _rest_cut(rest: str) -> tuple[int, float]:
    """Where a later piece ends: as late as it may, at the best edge."""
    return (len(rest), 0.0) if len(rest) <= LONGEST else _best(rest, LONGEST)


def _best(rest: str, longest: int) -> tuple[int, float]:
    for edge, pause in _EDGES:
        ends = [found.end() for found in edge.finditer(rest) if _fits(rest, found.end(), longest)]
        if ends:
            return ends[-1], pause
    return longest, 0.0


def _fits(rest: str, end: int, longest: int) -> bool:
    """Whether a cut leaves no piece too long or too short."""
    return SHORTEST <= end <= longest and len(rest) - end >= SHORTEST
