"""Fade-in and fade-out, which prevent clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FADE_SECONDS: Final = 0.006


class Fades:
    """Fades of one sound; its last 6 ms are buffered until its end is known."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: Hz."""
        size = max(1, round(sample_rate * FADE_SECONDS))
        self._ramp = _ramp(size)
        self._position = 0
        """Samples that were faded in so far."""
        self._buffered: NDArray[np.float32] = np.zeros(0, np.float32)

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Process samples; return those that are not buffered."""
        remaining = len(self._ramp) - self._position
        if remaining > 0 and len(samples):
            gain = self._ramp[self._position : self._position + len(samples)]
            self._position += len(gain)
            samples = np.concatenate(((samples[: len(gain)] * gain).astype(np.float32), samples[len(gain) :]))
        samples = np.concatenate((self._buffered, samples))
        split = max(0, len(samples) - len(self._ramp))
        self._buffered = samples[split:]
        return samples[:split]

    def end(self) -> NDArray[np.float32]:
        """Return the buffered samples with a fade-out; a following sound is faded in again."""
        last, self._buffered = self._buffered, np.zeros(0, np.float32)
        self._position = 0
        return (last * _ramp(len(last))[::-1]).astype(np.float32)


def _ramp(size: int) -> NDArray[np.float64]:
    """Return a raised-cosine ramp from 0 to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(1, size))
