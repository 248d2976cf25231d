"""How the latents of a sentence become frames: each is a weighted sum of a few of them. Pure.

The same as a chain of ``Interpolation``, but said for any part of a signal at once, for a device that then multiplies.
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
    """Of some frames in a row."""

    first: int
    """The first latent that has a weight."""
    matrix: NDArray[np.float32]
    """(frames, latents)."""


@dataclass(frozen=True)
class Stretching:
    """``interpolate(mode="linear")`` by one factor after another."""

    factors: tuple[float, ...]

    def frames(self, latents: int, *, last: bool) -> int:
        """How many frames are certain once there are so many latents, and perhaps no more of them."""
        return _counts(self.factors, latents, last=last)[-1]

    def weights(self, begin: int, end: int, latents: int, *, last: bool) -> Weights:
        """What frames are made of; not to be changed.

        Args:
            begin: the first of them.
            end: the one after the last; more than ``begin``, not more than ``frames`` says.
            latents: of the signal, by now.
            last: whether it has no more of them.
        """
        return _weights(self.factors, begin, end, latents, last=last)


# All sentences have pieces of the same sizes, up to their last one.
@lru_cache(maxsize=256)
def _weights(factors: tuple[float, ...], begin: int, end: int, latents: int, *, last: bool) -> Weights:
    counts = _counts(factors, latents, last=last)
    total: NDArray[np.float32] | None = None
    for factor, count in zip(reversed(factors), reversed(counts[:-1]), strict=True):
        # As torch computes it, in its precision: where a position is almost whole, it decides.
        at = (np.arange(begin, end, dtype=np.float32) + np.float32(0.5)) * np.float32(1 / factor) - np.float32(0.5)
        at = np.maximum(at, np.float32(0))
        left = at.astype(np.int64)
        share = at - left.astype(np.float32)
        right = np.minimum(left + 1, count - 1)
        begin, end = int(left[0]), int(right[-1]) + 1
        step = np.zeros((len(at), end - begin), np.float32)
        rows = np.arange(len(at))
        step[rows, left - begin] = 1 - share
        # Where both are the last one.
        step[rows, right - begin] += share
        total = step if total is None else total @ step
    assert total is not None  # noqa: S101 - there is a factor
    return Weights(begin, total)


def _counts(factors: tuple[float, ...], latents: int, *, last: bool) -> list[int]:
    """Of the steps that are certain before each factor, and after the last one."""
    counts = [latents]
    for factor in factors:
        counts.append(whole(counts[-1], factor) if last else certain(counts[-1], factor))
    return counts


def whole(steps: int, factor: float) -> int:
    """How many outputs an interpolation by a factor makes of so many steps, and no more."""
    return math.floor(steps * factor)


def certain(steps: int, factor: float) -> int:
    """How many outputs need nothing beyond so many steps: those that do not lie behind the last of them.

    Nor more than there would be, were that the end.
    """
    return max(0, min(math.floor((steps - 0.5) * factor - 0.5) + 1, whole(steps, factor)))
