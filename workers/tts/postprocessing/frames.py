"""Cuts a sound into windows of 10 ms, however it comes: all that is decided is decided window by window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

WINDOWS_A_SECOND: Final = 100

_FULL_SCALE: Final = (0.999, 1.001)
"""A sample between these was cut off. A larger one was not, and can be made smaller."""


@dataclass(frozen=True)
class Window:
    """10 ms of sound, the last one of a sound possibly less."""

    samples: NDArray[np.float32]
    rms: float
    """Root of the mean square; 1.0 = full scale."""
    peak: float
    clipped: int
    """Samples at full scale."""
    is_finite: bool
    """False: some sample is no number."""


class Windows:
    """One sound; the same windows come out however it was cut into chunks."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: Hertz."""
        self.size: Final = max(1, round(sample_rate / WINDOWS_A_SECOND))
        """Samples of a window."""
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)

    def feed(self, chunk: NDArray[np.float32]) -> Iterator[Window]:
        """The windows that are whole with this chunk."""
        samples = np.concatenate((self._rest, chunk)) if len(self._rest) else np.array(chunk, np.float32)
        whole = len(samples) // self.size * self.size
        self._rest = samples[whole:]
        return _measured(samples[:whole].reshape(-1, self.size))

    def end(self) -> Iterator[Window]:
        """What is left: a part of a window, or nothing."""
        rest, self._rest = self._rest, np.zeros(0, np.float32)
        return _measured(rest.reshape(1, -1) if len(rest) else rest.reshape(0, self.size))


def _measured(block: NDArray[np.float32]) -> Iterator[Window]:
    if not len(block):
        return
    sizes = np.abs(block.astype(np.float64))
    rms = np.sqrt(np.mean(np.square(sizes), axis=1)).tolist()
    peaks = sizes.max(axis=1).tolist()
    clipped = ((sizes >= _FULL_SCALE[0]) & (sizes <= _FULL_SCALE[1])).sum(axis=1).tolist()
    for i, samples in enumerate(block):
        # An infinite or missing number makes the whole mean one.
        yield Window(samples, rms[i], peaks[i], clipped[i], math.isfinite(rms[i]))
