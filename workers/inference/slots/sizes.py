"""Sizes of a KV cache with slots."""

from __future__ import annotations

from typing import Final, NamedTuple

PAGE: Final = 128
"""Positions of a page of the KV cache."""


class SlotSizes(NamedTuple):
    """Numbers of slots and pages, without the slot and the page of padding."""

    slots: int
    pages: int
    pages_per_slot: int
    """Pages of the longest sequence."""


def pages_for(positions: int) -> int:
    """Return the number of pages that hold so many positions."""
    return -(-positions // PAGE)
