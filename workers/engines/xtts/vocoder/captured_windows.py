"""Captured windows of one size: buffers for several rows, and a CUDA graph for each row count."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import torch

from voicestream.workers.inference.cuda_graphs import CapturedStep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.interpolation import InterpolationChain, Weights
    from voicestream.workers.engines.xtts.vocoder.receptive_field import Window
    from voicestream.workers.inference.cuda_graphs import GraphPool

_CACHED_MATRICES: Final = 256
"""Interpolation matrices that stay on the device, up to 19 KB each. Sentences of one speed share all but the last."""


class Interpolation(NamedTuple):
    """Interpolation of latents to the frames of a window: the arguments of ``InterpolationChain.weights``."""

    chain: InterpolationChain
    begin: int
    end: int
    available: int
    last: bool

    def weights(self) -> Weights:
        """Return the weights; the matrix is cached, do not change it."""
        return self.chain.weights(self.begin, self.end, self.available, last=self.last)


class WindowInput(NamedTuple):
    """Window of a stream, and what it is computed from."""

    window: Window
    latents: Tensor
    """(latents, channels), with as many before the used ones as a captured window has room for."""
    end: int
    """Index after the last used latent."""
    interpolation: Interpolation
    speaker_bias: Tensor


class Buffers(NamedTuple):
    """Inputs and outputs of a replay; the first dimension of each is the row."""

    weights: Tensor
    """Of the interpolation, (rows, frames, latents)."""
    latents: Tensor
    """(rows, latents, channels)."""
    speaker_bias: Tensor
    """(rows, channels of all layers)."""
    samples: Tensor
    """(rows, samples)."""


class CapturedWindows:
    """Windows of one size, one in each row of the buffers; a replay computes the first rows."""

    def __init__(
        self,
        buffers: Buffers,
        compute: Callable[[Tensor, Tensor, Tensor], Tensor],
        counts: Sequence[int],
        pool: GraphPool,
    ) -> None:
        """Take the buffers.

        Args:
            buffers: as many rows as the largest row count.
            compute: returns the samples of weights, latents and speaker biases; does not refer to this object.
            counts: row counts to capture, with 1.
            pool: memory of the CUDA graphs.
        """
        self._buffers = buffers
        self.positions: Final = buffers.latents.shape[1]
        """Latents for which a window has room."""
        self._steps = {count: CapturedStep(partial(_step, buffers, compute, count), pool) for count in counts}
        shape, device = buffers.weights.shape[1:], buffers.weights.device
        self._matrix = lru_cache(_CACHED_MATRICES)(partial(_padded, shape, device))

    @property
    def counts(self) -> tuple[int, ...]:
        """Row counts of the graphs."""
        return tuple(self._steps)

    def capture(self, count: int) -> None:
        """Capture the graph of a row count.

        Raises:
            RuntimeError: out of memory.
        """
        self._steps[count].capture()

    def drop(self, count: int) -> None:
        """Do without a row count, for which memory is missing."""
        del self._steps[count]

    def replay(self, inputs: Sequence[WindowInput], count: int) -> Tensor:
        """Compute windows; a replay has ``count`` rows, of which the last may be unused.

        Returns:
            (windows, samples); the next replay overwrites them.
        """
        used, positions = len(inputs), self.positions
        weights, latents, speaker_bias, samples = (buffer[:used] for buffer in self._buffers)
        torch.stack([self._matrix(each.interpolation) for each in inputs], out=weights)
        torch.stack([each.latents[each.end - positions : each.end] for each in inputs], out=latents)
        torch.stack([each.speaker_bias for each in inputs], out=speaker_bias)
        self._steps[count]()
        return samples


def _step(buffers: Buffers, compute: Callable[[Tensor, Tensor, Tensor], Tensor], count: int) -> None:
    *inputs, samples = (buffer[:count] for buffer in buffers)
    samples.copy_(compute(*inputs))


def _padded(shape: Sequence[int], device: torch.device, interpolation: Interpolation) -> Tensor:
    """Return an interpolation matrix on a device, with zeros after its frames and before its latents."""
    matrix = interpolation.weights().matrix
    whole = np.zeros(shape, np.float32)
    whole[: matrix.shape[0], shape[1] - matrix.shape[1] :] = matrix
    # The driver stages such small copies before it returns; a blocking copy would also wait for the GPU.
    return torch.from_numpy(whole).to(device, non_blocking=True)
