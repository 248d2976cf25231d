"""Writer of samples into leased slots of the audio pool."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SLOT_FRAMES
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.protocol.audio_pool import AudioPool


class Written(FrozenRecord, frozen=True):
    """Segment of a slot that was written."""

    slot: int
    start: int
    frames: int


class SlotWriter:
    """Writer of one sentence, which fills its slots in order."""

    def __init__(self, pool: AudioPool, slots: Iterable[int], skip_frames: int) -> None:
        """``skip_frames``: frames that an earlier attempt wrote to the pool; they are skipped."""
        self._pool = pool
        self._slots = collections.deque(slots)
        self._used = 0
        self._skip = skip_frames
        self.has_begun = skip_frames > 0
        """True once a part of the sentence is in the pool."""

    @property
    def needs_slot(self) -> bool:
        """True if ``write`` needs another slot."""
        return not self._slots

    def add(self, slots: Iterable[int]) -> None:
        """Add leased slots."""
        self._slots.extend(slots)

    def skip(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Remove the samples that are in the pool already."""
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        return samples[skipped:]

    def write(self, samples: NDArray[np.float32]) -> tuple[Written, NDArray[np.float32]]:
        """Write as many samples as fit into the current slot; return the segment and the remaining samples.

        Args:
            samples: mono float32 at the rate of the pool, at least one; ``needs_slot`` must be False.
        """
        self.has_begun = True
        slot, start = self._slots[0], self._used
        frames = min(len(samples), SLOT_FRAMES - start)
        with self._pool.frames(slot, start, frames) as view:
            view[:] = samples[:frames].tobytes()
        self._used += frames
        if self._used == SLOT_FRAMES:
            self._slots.popleft()
            self._used = 0
        return Written(slot=slot, start=start, frames=frames), samples[frames:]
