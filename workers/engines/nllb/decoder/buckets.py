"""Of which sizes the memory of a decoder is. Pure.

Each size costs memory and, on a GPU, a recording of its own. So what is needed is rounded up to a few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.workers.engines.nllb.search import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.engines.nllb.search import Search

SENTENCES: Final = (1, 2, 4, 8, 16)

SOURCES: Final = (8, 24, 48, 96, 200, 512)
"""Tokens of the longest sentence. Sentences of a group have the same limit for their answers (``search.groups``), and
these are the longest that have one of ``LIMITS``, rounded up to what attention is fast with."""

_MORE: Final = 8
"""Positions beyond a limit: the answer's language, and rounding up."""

WINDOWS: Final = tuple(limit + _MORE for limit in LIMITS)
"""Positions that a step looks back at. Most answers end long before their limit, so a step sees the first of these that
has room for it instead of all positions that there might be one day."""


class Shape(NamedTuple):
    """Of what size the memory of a decoder is, and how it searches."""

    search: Search
    sentences: int
    source: int
    """Tokens of a source sentence."""
    positions: int
    """Tokens of an answer, with what stands before its first one."""

    @property
    def rows(self) -> int:
        """Answers that are followed at the same time."""
        return self.sentences * self.search.num_beams

    @property
    def windows(self) -> tuple[int, ...]:
        """Positions that steps look back at, from the first steps to the last."""
        return (*(window for window in WINDOWS if window < self.positions), self.positions)


def rounded(search: Search, sentences: int, source: int, limit: int) -> Shape:
    """The least of the few shapes that has room.

    Args:
        search: how it is searched.
        sentences: that are decoded together.
        source: tokens of the longest.
        limit: tokens an answer may have, without the language in front of it.
    """
    return Shape(search, _up(sentences, SENTENCES), _up(source, SOURCES), _up(limit + _MORE, WINDOWS))


def exact(search: Search, sentences: int, source: int, limit: int) -> Shape:
    """The shape for just this, which is best where nothing is recorded; as for ``rounded``."""
    return Shape(search, sentences, source, limit + 1)


def _up(wanted: int, sizes: Sequence[int]) -> int:
    return next((size for size in sizes if size >= wanted), wanted)
