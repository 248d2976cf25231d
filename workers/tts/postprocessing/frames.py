"""Framing of samples into frames of 10 ms with their RMS level, peak and clipping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FRAMES_PER_SECOND: Final = 100

_CLIPPED_RANGE: Final = (0.999, 1.001)
"""Range of clipped samples. A larger sample is not clipped, and can be attenuated."""


@dataclass(frozen=True)
class Frame:
    """10 ms of sound; the last frame may be shorter."""

    samples: NDArray[np.float32]
    rms: float
    """Root mean square; 1.0: full scale."""
    peak: float
    clipped: int
    """Clipped samples."""
    is_finite: bool
    """True if all samples are finite."""


class Framer:
    """Framer of one sound; the frames do not depend on its chunks."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: Hz."""
        self.size: Final = max(1, round(sample_rate / FRAMES_PER_SECOND))
        """Samples of a frame."""
        self._remainder: NDArray[np.float32] = np.zeros(0, np.float32)

    def feed(self, chunk: NDArray[np.float32]) -> Iterator[Frame]:
        """Return the frames that are complete with this chunk."""
        samples = np.concatenate((self._remainder, chunk)) if len(self._remainder) else np.array(chunk, np.float32)
        complete = len(samples) // self.size * self.size
        self._remainder = samples[complete:]
        return _measured(samples[:complete].reshape(-1, self.size))

    def end(self) -> Iterator[Frame]:
        """Return the last, incomplete frame, if any."""
        remainder, self._remainder = self._remainder, np.zeros(0, np.float32)
        return _measured(remainder.reshape(1, -1) if len(remainder) else remainder.reshape(0, self.size))


def _measured(block: NDArray[np.float32]) -> Iterator[Frame]:
    if not len(block):
        return
    magnitudes = np.abs(block.astype(np.float64))
    rms = np.sqrt(np.mean(np.square(magnitudes), axis=1)).tolist()
    peaks = magnitudes.max(axis=1).tolist()
    clipped = ((magnitudes >= _CLIPPED_RANGE[0]) & (magnitudes <= _CLIPPED_RANGE[1])).sum(axis=1).tolist()
    for i, samples in enumerate(block):
        # A value that is not finite makes the mean not finite.
        yield Frame(samples, rms[i], peaks[i], clipped[i], math.isfinite(rms[i]))
