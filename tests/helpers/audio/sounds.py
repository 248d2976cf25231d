"""Sounds that are like speech where it matters: loud and soft, with pauses, noise, run-ons and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

RATE = 24_000


def speech(seconds: float, rms: float = 0.1, *, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    """A voice without a pause: harmonics of 140 Hz that swell and fade four times a second, and never by 20 dB."""
    t = np.arange(round(seconds * rate)) / rate
    tells = np.random.default_rng(seed)
    wave = sum(np.sin(2 * np.pi * 140 * k * t + tells.uniform(0, 6)) / k for k in range(1, 12))
    wave = wave * (0.65 + 0.35 * np.sin(2 * np.pi * 4 * t))
    return (wave * (rms / np.sqrt(np.mean(wave**2)) if len(t) else 1.0)).astype(np.float32)


def quiet(seconds: float, rms: float = 0.0, *, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    """Noise as a vocoder makes where nothing is said."""
    return np.random.default_rng(seed).normal(0, rms, round(seconds * rate)).astype(np.float32)


def sound(*parts: NDArray[np.float32]) -> NDArray[np.float32]:
    """One after another."""
    return np.concatenate(parts)


def rms(samples: NDArray[np.float32]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))


def cut(samples: NDArray[np.float32], sizes: Sequence[int]) -> Iterator[NDArray[np.float32]]:
    """In chunks of these sizes, again and again."""
    at = turn = 0
    while at < len(samples):
        size = sizes[turn % len(sizes)]
        yield samples[at : at + size].copy()
        at += size
        turn += 1


class Engine:
    """Makes the sounds it was told to make, one an attempt, and remembers what was asked of it."""

    def __init__(self, *takes: NDArray[np.float32], sizes: Sequence[int] = (2_400,)) -> None:
        self._takes = takes
        self._sizes = sizes
        self.seeds: list[int] = []
        self.made = 0
        """Samples of the last attempt that were made."""
        self.made_first = 0
        """Likewise of the first."""
        self.closed = 0
        self._kept: list[Iterator[NDArray[np.float32]]] = []
        """So that nothing is closed only because nobody knows it any more."""

    def make(self, seed: int) -> Iterator[NDArray[np.float32]]:
        """The next attempt."""
        take = self._takes[min(len(self.seeds), len(self._takes) - 1)]
        self.seeds.append(seed)
        self.made = 0
        self._kept.append(self._make(take, is_first=len(self.seeds) == 1))
        return self._kept[-1]

    def _make(self, take: NDArray[np.float32], *, is_first: bool) -> Iterator[NDArray[np.float32]]:
        try:
            for chunk in cut(take, self._sizes):
                self.made += len(chunk)
                self.made_first += len(chunk) if is_first else 0
                yield chunk
        finally:
            self.closed += 1
