"""Numbers of slots and pages that fit the memory. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.workers.inference.slots.sizes import SlotSizes

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES_PER_STREAM: Final = 3
"""Pages for each slot on average: 384 positions, for a text of some 100 tokens and 11 s of sound. Longer sentences
take more, so that fewer run at once then."""


class Footprint(NamedTuple):
    """Memory of the state of a decoder with slots."""

    slot_bytes: int
    page_bytes: int
    longest: int
    """Pages of the longest sentence."""


def sizes_for(streams: int, free_bytes: int, footprint: Footprint) -> SlotSizes | None:
    """Return the sizes for at most so many streams; None: not even the longest sentence fits."""
    for slots in halved(streams):
        left = free_bytes - slots * footprint.slot_bytes
        pages = min(max(slots * PAGES_PER_STREAM, footprint.longest), left // footprint.page_bytes)
        # With less than a page a stream, the slots could never all be used.
        if pages >= max(footprint.longest, slots):
            return SlotSizes(slots, pages, footprint.longest)
    return None


def halved(streams: int) -> Iterator[int]:
    """Yield a number of streams, half of it, and so on to 1."""
    while streams:
        yield streams
        streams //= 2
