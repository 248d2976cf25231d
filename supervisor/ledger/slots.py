"""Slot table of the audio pool: free slots and leases. Pure bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED_SHARE: Final = 4
"""One slot in this many is reserved for the sentence to be played next.

Sentences synthesized ahead can thus never hold all of the memory that it needs.
"""


class SlotTable:
    """The slots of one pool, numbered from 0."""

    def __init__(self, total: int) -> None:
        self.total: Final = total
        self._free: list[int] = list(range(total - 1, -1, -1))
        self._reserve = total // RESERVED_SHARE

    @property
    def free(self) -> int:
        """Number of free slots."""
        return len(self._free)

    def available(self, *, urgent: bool) -> int:
        """Return the number of slots that a sentence may lease now; ``urgent``: it is played next."""
        return self.free if urgent else max(0, self.free - self._reserve)

    def lease(self, count: int, *, urgent: bool) -> list[int]:
        """Lease up to ``count`` slots, fewer if not as many are available."""
        granted = min(count, self.available(urgent=urgent))
        return [self._free.pop() for _ in range(granted)]

    def release(self, slots: Iterable[int]) -> None:
        """Return leased slots to the table."""
        for slot in slots:
            if not 0 <= slot < self.total or slot in self._free:
                raise ValueError(f"slot {slot} is not leased")
            self._free.append(slot)
