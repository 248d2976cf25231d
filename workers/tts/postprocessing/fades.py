"""Lets a sound begin and end without a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FADE_SECONDS: Final = 0.006


class Edges:
    """One sound; holds its last 6 ms back until it is known whether they are its end."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: Hertz."""
        size = max(1, round(sample_rate * FADE_SECONDS))
        self._rising = _rising(size)
        self._position = 0
        """Samples since the beginning, as far as they are faded in."""
        self._last: NDArray[np.float32] = np.zeros(0, np.float32)

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next samples; returns what is certain."""
        left = len(self._rising) - self._position
        if left > 0 and len(samples):
            share = self._rising[self._position : self._position + len(samples)]
            self._position += len(share)
            samples = np.concatenate(((samples[: len(share)] * share).astype(np.float32), samples[len(share) :]))
        samples = np.concatenate((self._last, samples))
        keep = max(0, len(samples) - len(self._rising))
        self._last = samples[keep:]
        return samples[:keep]

    def end(self) -> NDArray[np.float32]:
        """What was held back, faded out; another sound may follow, which is faded in."""
        last, self._last = self._last, np.zeros(0, np.float32)
        self._position = 0
        return (last * _rising(len(last))[::-1]).astype(np.float32)


def _rising(size: int) -> NDArray[np.float64]:
    """Shares from 0 to 1, without a corner at either end."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(1, size))
