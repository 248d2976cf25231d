"""Linear interpolation of latents to frames, as a matrix of weights. Pure.

The result is that of a chain of ``Interpolation``, for any part of a signal at once, so that a device can multiply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Weights(NamedTuple):
    """Interpolation weights of consecutive frames."""

    first: int
    """Index of the first latent with a weight."""
    matrix: NDArray[np.float32]
    """(frames, latents)."""


@dataclass(frozen=True)
class InterpolationChain:
    """Chain of ``interpolate(mode="linear")`` with several factors."""

    factors: tuple[float, ...]

    def frames(self, latents: int, *, last: bool) -> int:
        """Return the number of frames that are determined by so many latents."""
        return _counts(self.factors, latents, last=last)[-1]

    def weights(self, begin: int, end: int, latents: int, *, last: bool) -> Weights:
        """Return the interpolation weights of frames; the matrix is cached, do not change it.

        Args:
            begin: the first frame.
            end: after the last frame; more than ``begin``, at most ``frames``.
            latents: available so far.
            last: whether these are all latents.
        """
        return _weights(self.factors, begin, end, latents, last=last)


# All sentences have the same chunk sizes, except for the last one.
@lru_cache(maxsize=256)
def _weights(factors: tuple[float, ...], begin: int, end: int, latents: int, *, last: bool) -> Weights:
    counts = _counts(factors, latents, last=last)
    total: NDArray[np.float32] | None = None
    for factor, count in zip(reversed(factors), reversed(counts[:-1]), strict=True):
        # Torch's float32 arithmetic: its rounding decides for positions that are almost integers.
        positions = (np.arange(begin, end, dtype=np.float32) + np.float32(0.5)) * np.float32(1 / factor) - np.float32(
            0.5
        )
        positions = np.maximum(positions, np.float32(0))
        left = positions.astype(np.int64)
        fraction = positions - left.astype(np.float32)
        right = np.minimum(left + 1, count - 1)
        begin, end = int(left[0]), int(right[-1]) + 1
        step = np.zeros((len(positions), end - begin), np.float32)
        rows = np.arange(len(positions))
        step[rows, left - begin] = 1 - fraction
        # At the end, both neighbors are the last step.
        step[rows, right - begin] += fraction
        total = step if total is None else total @ step
    assert total is not None  # noqa: S101 - there is a factor
    return Weights(begin, total)


def _counts(factors: tuple[float, ...], latents: int, *, last: bool) -> list[int]:
    """Return the determined steps before each factor and after the last one."""
    counts = [latents]
    for factor in factors:
        counts.append(complete_outputs(counts[-1], factor) if last else determined_outputs(counts[-1], factor))
    return counts


def complete_outputs(steps: int, factor: float) -> int:
    """Return the outputs of an interpolation of a complete signal."""
    return math.floor(steps * factor)


def determined_outputs(steps: int, factor: float) -> int:
    """Return the outputs that are determined by the steps so far: those before the last step.

    There are at most as many as for a complete signal of that length.
    """
    return max(0, min(math.floor((steps - 0.5) * factor - 0.5) + 1, complete_outputs(steps, factor)))
