"""Time stretch of speech at the same pitch: waveform similarity overlap-add (WSOLA).

The output is a sequence of hops. Each is a crossfade from the natural continuation of the source after the last hop to
the most similar place near the nominal position, which advances by the hop times the speed. So the duration is exact on
average, and the periods of a voice are repeated or left out as a whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.protocol.audio_pool import SAMPLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HOP_FRAMES: Final = 300
"""12.5 ms at 24 kHz: longer than a period of most voices, shorter than a plosive."""

SEARCH_FRAMES: Final = 200
"""Largest distance from the nominal position: 8.3 ms, so that the range has a whole period of 60 Hz and above."""

QUIET_ENERGY: Final = 1e-8
"""Energy of a hop below which there is no waveform to match."""

_RISE: Final = (0.5 - 0.5 * np.cos(np.pi * (np.arange(HOP_FRAMES) + 0.5) / HOP_FRAMES)).astype(np.float32)
_FALL: Final = (1.0 - _RISE).astype(np.float32)
_EMPTY: Final = np.zeros(0, np.float32)


class TimeStretch:
    """Stretched reader of a source; at speed 1 it passes samples on unchanged, without delay."""

    def __init__(self, source: Callable[[memoryview], None]) -> None:
        """Take ``source``, which fills a buffer of bytes of float32."""
        self._source = source
        self.reset()

    def reset(self) -> None:
        """Forget all samples that were read and not returned."""
        self._input: NDArray[np.float32] = _EMPTY
        """Samples of the source that may be needed."""
        self._ready: NDArray[np.float32] = _EMPTY
        """Samples to be returned next."""
        self._nominal = 0.0
        """Place in the input of the next hop at a constant speed."""
        self._natural = 0
        """Place in the input that continues the last hop."""
        self._speed = 1.0

    @property
    def held_frames(self) -> int:
        """Upper estimate of the source frames that were read and not returned."""
        begin = min(self._natural, math.floor(self._nominal))
        return max(0, len(self._input) - begin) + math.ceil(len(self._ready) * self._speed)

    def read(self, frames: int, speed: float) -> NDArray[np.float32]:
        """Return the next ``frames`` samples at a speed."""
        if speed == 1.0 and self._speed != 1.0:
            self._ready = np.concatenate((self._ready, self._input[self._natural :]))
            self._input, self._nominal, self._natural = _EMPTY, 0.0, 0
        self._speed = speed
        missing = frames - len(self._ready)
        if missing > 0 and speed == 1.0:
            self._ready = np.concatenate((self._ready, self._pull(missing)))
        elif missing > 0:
            hops = [self._hop(speed) for _ in range(math.ceil(missing / HOP_FRAMES))]
            self._ready = np.concatenate((self._ready, *hops))
        out, self._ready = self._ready[:frames], self._ready[frames:]
        return out

    def _hop(self, speed: float) -> NDArray[np.float32]:
        nominal = math.floor(self._nominal)
        needed = max(nominal + SEARCH_FRAMES, self._natural) + HOP_FRAMES
        if needed > len(self._input):
            self._input = np.concatenate((self._input, self._pull(needed - len(self._input))))
        natural = self._input[self._natural : self._natural + HOP_FRAMES]
        at = self._most_similar(natural, max(0, nominal - SEARCH_FRAMES), nominal)
        hop = (natural * _FALL + self._input[at : at + HOP_FRAMES] * _RISE).astype(np.float32, copy=False)
        self._natural = at + HOP_FRAMES
        self._nominal += HOP_FRAMES * speed
        done = min(self._natural, math.floor(self._nominal) - SEARCH_FRAMES, len(self._input))
        if done > 0:
            self._input = self._input[done:]
            self._natural -= done
            self._nominal -= done
        return hop

    def _most_similar(self, natural: NDArray[np.float32], first: int, nominal: int) -> int:
        """Return the place in the input that is most similar to a hop, by normalized cross-correlation."""
        if float(natural @ natural) < QUIET_ENERGY:
            return nominal
        candidates = self._input[first : nominal + SEARCH_FRAMES + HOP_FRAMES]
        sums = np.concatenate(([0.0], np.cumsum(np.square(candidates, dtype=np.float64))))
        energy = sums[HOP_FRAMES:] - sums[:-HOP_FRAMES]
        similarity = np.correlate(candidates, natural, "valid") / np.sqrt(energy + QUIET_ENERGY)
        return first + int(np.argmax(similarity))

    def _pull(self, frames: int) -> NDArray[np.float32]:
        buffer = bytearray(frames * SAMPLE_BYTES)
        self._source(memoryview(buffer))
        return np.frombuffer(buffer, np.float32)
