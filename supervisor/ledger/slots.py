"""Which slots of the audio pool are free, and who may lease them. Pure bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED_SHARE: Final = 4
"""One slot in this many is kept for the sentence that is to be heard next, so that sentences made ahead can never hold
all the memory that it needs."""


class SlotTable:
    """The slots of one pool, numbered from 0."""

    def __init__(self, total: int) -> None:
        self.total: Final = total
        self._free: list[int] = list(range(total - 1, -1, -1))
        self._reserve = total // RESERVED_SHARE

    @property
    def free(self) -> int:
        """How many slots nobody holds."""
        return len(self._free)

    def available(self, *, urgent: bool) -> int:
        """How many slots a sentence may lease now; ``urgent``: it is the next to be heard."""
        return self.free if urgent else max(0, self.free - self._reserve)

    def lease(self, count: int, *, urgent: bool) -> list[int]:
        """Up to ``count`` slots, fewer when there are not that many available."""
        granted = min(count, self.available(urgent=urgent))
        return [self._free.pop() for _ in range(granted)]

    def release(self, slots: Iterable[int]) -> None:
        """Take slots back; each must be leased."""
        for slot in slots:
            if not 0 <= slot < self.total or slot in self._free:
                raise ValueError(f"slot {slot} is not leased")
            self._free.append(slot)
