"""Writes samples into leased slots of the audio pool and says what was written."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SLOT_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.protocol.audio_pool import AudioPool


@dataclass(frozen=True)
class Written:
    """A stretch that now holds samples."""

    slot: int
    start: int
    frames: int


class SlotWriter:
    """The slots of one sentence, filled one after another."""

    def __init__(self, pool: AudioPool, slots: Iterable[int], skip_frames: int) -> None:
        """``skip_frames``: how many frames are in the pool already, from an attempt before; they are not written."""
        self._pool = pool
        self._slots = collections.deque(slots)
        self._used = 0
        self._skip = skip_frames

    @property
    def needs_slot(self) -> bool:
        """Whether nothing can be written before ``add``."""
        return not self._slots

    def add(self, slots: Iterable[int]) -> None:
        """Further slots."""
        self._slots.extend(slots)

    def skip(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What of these samples is still to be written."""
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        return samples[skipped:]

    def write(self, samples: NDArray[np.float32]) -> tuple[Written, NDArray[np.float32]]:
        """Write what fits into the slot in use; returns what was written, and the samples that are left.

        Args:
            samples: mono float32 at the pool's rate, at least one; ``needs_slot`` must be False.
        """
        slot, start = self._slots[0], self._used
        frames = min(len(samples), SLOT_FRAMES - start)
        with self._pool.frames(slot, start, frames) as view:
            view[:] = samples[:frames].tobytes()
        self._used += frames
        if self._used == SLOT_FRAMES:
            self._slots.popleft()
            self._used = 0
        return Written(slot=slot, start=start, frames=frames), samples[frames:]
