"""Row counts of the replays for several windows of one size. Pure."""

from __future__ import annotations

from typing import Final

SINGLE: Final = (1,)

BATCH: Final = (1, 2, 4, 8, 16, 32)
"""Row counts for batches. The GPU is busy with a few rows, so larger ones hardly compute a row faster."""

MAX_FRAMES: Final = 2048
"""Frames of one replay: 300 MB of signals in float16."""

_MIN_FILL: Final = 0.75
"""Smallest share of used rows: below it, two smaller replays take less time than a larger one with unused rows."""


def for_size(frames: int, counts: tuple[int, ...]) -> tuple[int, ...]:
    """Return the row counts to capture for windows of so many frames."""
    return tuple(count for count in counts if count == 1 or count * frames <= MAX_FRAMES)


def split(windows: int, counts: tuple[int, ...]) -> list[int]:
    """Return the row counts of the replays that compute so many windows, in order; the last may have unused rows.

    Args:
        windows: number of windows.
        counts: captured row counts, with 1.
    """
    found: list[int] = []
    while windows > 0:
        smaller = max(count for count in counts if count <= windows)
        larger = min((count for count in counts if count >= windows), default=smaller)
        found.append(larger if windows >= _MIN_FILL * larger else smaller)
        windows -= found[-1]
    return found
