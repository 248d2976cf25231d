"""Bounds of the frames in a device buffer that are repeated or lost at a fault, and recordings read within them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DEVICE_BUFFER_FRAMES = 600
"""25 ms: PortAudio's buffer is 10 ms, the server's and one block are the rest. A player that is killed leaves it to be
heard twice, a device that is pulled out takes it with it, and one that ran empty, because the machine stood still,
throws it away: ALSA does."""

LONGER_BUFFER_FRAMES = 2_900
"""The same after the player has found the machine too busy for buffers of 10 and 40 ms: 100 ms and the rest."""

SERVER_LATE_FRAMES = 480
"""20 ms: what a busy sound server has not played yet though PortAudio states so. The player reckons with 2.5 ms; what
is beyond goes with a player that is killed or stopped. 5 ms and 18 ms were seen beside four busy loops."""


def most_doubled(*, ran_empty: bool) -> int:
    """Return how many frames may be heard twice when the player or its device changes."""
    return LONGER_BUFFER_FRAMES if ran_empty else DEVICE_BUFFER_FRAMES


def most_lost(*, ran_empty: bool) -> int:
    """Return how many frames in a row may be lost while neither the player nor its device changes."""
    return DEVICE_BUFFER_FRAMES if ran_empty else 0


def joined(pieces: Iterable[tuple[int, int]], *, ran_empty: bool) -> list[tuple[int, int]]:
    """Return pieces of a recording, joined where only frames are missing that a device which ran empty may throw away.

    Args:
        pieces: the first frame of each and the one after its last, in the order in which they were heard.
        ran_empty: the player has logged that its device ran empty.
    """
    found: list[tuple[int, int]] = []
    for first, end in pieces:
        goes_on = bool(found) and 0 < first - found[-1][1] <= most_lost(ran_empty=ran_empty)
        found.append((found.pop()[0] if goes_on else first, end))
    return found
