"""Buffer sizes of the decoder (buckets). Pure.

Each bucket costs memory and, on a GPU, CUDA graphs of its own, so sizes are rounded up to a few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.workers.engines.nllb.search import OUTPUT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.engines.nllb.search import Search

BATCH_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)

USUAL_BATCH: Final = 16
"""Sentences up to which a bucket is small beside the weights: its CUDA graphs fit wherever the model does."""

SOURCE_LENGTHS: Final = (8, 24, 48, 96, 200, 512)
"""Source tokens of the longest sentence: the longest ones with each of ``OUTPUT_LIMITS``, which a group shares
(``search.group_by_limit``), rounded up to lengths that attention is fast with."""

_EXTRA_POSITIONS: Final = 8
"""Positions beyond a limit: the language token, and rounding."""

WINDOWS: Final = tuple(limit + _EXTRA_POSITIONS for limit in OUTPUT_LIMITS)
"""Positions that a step attends to. Most outputs end long before their limit, so a step uses the smallest window that
holds its position instead of the whole cache."""


class Bucket(NamedTuple):
    """Buffer sizes and decoding parameters of a batch."""

    search: Search
    sentences: int
    source: int
    """Source tokens."""
    positions: int
    """Output tokens, with the end and the language token in front."""

    @property
    def rows(self) -> int:
        """Rows of the decoder: sentences times beams."""
        return self.sentences * self.search.num_beams

    @property
    def windows(self) -> tuple[int, ...]:
        """Positions that steps attend to, from the first steps to the last."""
        return (*(window for window in WINDOWS if window < self.positions), self.positions)


def bucket_for(search: Search, sentences: int, source: int, limit: int) -> Bucket:
    """Return the smallest bucket that fits.

    Args:
        search: decoding parameters.
        sentences: of the batch.
        source: tokens of the longest sentence.
        limit: maximum output tokens, without the language token.
    """
    return Bucket(
        search,
        _round_up(sentences, BATCH_SIZES),
        _round_up(source, SOURCE_LENGTHS),
        _round_up(limit + _EXTRA_POSITIONS, WINDOWS),
    )


def exact_bucket(search: Search, sentences: int, source: int, limit: int) -> Bucket:
    """Return a bucket of exactly this size, for use without CUDA graphs; arguments as for ``bucket_for``."""
    return Bucket(search, sentences, source, limit + 1)


def _round_up(wanted: int, sizes: Sequence[int]) -> int:
    return next((size for size in sizes if size >= wanted), wanted)
