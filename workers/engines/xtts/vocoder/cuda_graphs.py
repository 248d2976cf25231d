"""The vocoder of XTTS where naming each kernel takes longer than running it: windows of a few sizes, each recorded."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
from voicestream.workers.engines.xtts.vocoder.interpolation import Stretching
from voicestream.workers.engines.xtts.vocoder.network import Network
from voicestream.workers.engines.xtts.vocoder.receptive_field import Windows
from voicestream.workers.engines.xtts.vocoder.streaming import factors, fold_weight_norm
from voicestream.workers.inference.cuda_graphs import Captured

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.vocoder.receptive_field import Window
    from voicestream.workers.inference.cuda_graphs import Pool

    Compute = Callable[[Tensor, Tensor], Tensor]

SIZES: Final = (32, 48, 64, 96)
"""Frames. A token is 4.4 of them, and a window has 26 beside those of its piece: so 32 hold the first eight tokens, 48
a piece of four, 64 one of eight or the last one, 96 one that is spoken slowly. Very short texts are put together from
several."""

_FASTEST: Final = 2.0
"""So much faster than usual windows can still be recorded ones: they have places for so many latents."""

_LATENTS_BESIDE: Final = 4
"""On top: at the edges."""


class RecordedVocoder:
    """What ``Vocoder`` is, with the same samples up to rounding, computed in windows that overlap.

    What overlaps is computed twice; on a GPU that takes less than the many small kernels of layers that keep something.
    """

    def __init__(
        self,
        decoder: nn.Module,
        numbers: torch.dtype,
        pool: Pool,
        *,
        sizes: tuple[int, ...] = SIZES,
        network: Callable[[HifiGan, torch.dtype], Compute] = Network,
    ) -> None:
        """Read the weights.

        Args:
            decoder: a loaded ``HifiDecoder``; its weights are changed (normalization is folded into them).
            numbers: in which it computes; the interpolation before it is always float32.
            pool: where recordings keep what they need.
            sizes: of the windows that are recorded, in frames, ascending.
            network: what computes a window.
        """
        fold_weight_norm(decoder)
        layers = HifiGan(decoder.waveform_decoder)
        self.windows: Final = Windows(layers.hop, layers.reach, sizes)
        self._factors = factors(decoder)
        self._voices = layers.voices
        self._network = network(layers, numbers)
        device = layers.last.weight.device
        self._shifts = torch.zeros(sum(self._voices.widths), dtype=numbers, device=device)
        self._shifts_kept: Tensor | None = None
        """What was copied there last."""
        self._last_voice: tuple[Tensor | None, Tensor] = None, self._shifts
        channels = layers.first.weight.shape[1]

        # What is recorded must not hold this, or the memory of both would wait for a collector of cycles.
        compute = partial(_compute, self._network, self._shifts)

        def window(size: int) -> _Window:
            latents = math.ceil(size * _FASTEST / math.prod(self._factors)) + _LATENTS_BESIDE
            return _Window(
                torch.zeros(latents, channels, device=device),
                torch.zeros(size, latents, device=device),
                torch.zeros(size * layers.hop, device=device),
                compute,
                pool,
            )

        self._recorded = {size: window(size) for size in sizes}
        most = max(len(window.latents) for window in self._recorded.values())
        self._nothing = torch.zeros(most, channels, device=device)
        """In front of the latents, for windows that hold more of them than there are."""

    def record(self) -> None:
        """Record a window of each size.

        Raises:
            RuntimeError: there is not enough memory.
        """
        for window in self._recorded.values():
            window.step.capture()

    def stream(self, speaker: Tensor, speed: float = 1.0) -> RecordedStream:
        """As ``Vocoder`` says."""
        slower = [] if speed == 1.0 else [1 / speed]
        last, shifts = self._last_voice
        # Most sentences are in the voice of the one before.
        if speaker is not last:
            shifts = self._voices.shifts(speaker).to(self._shifts)
            self._last_voice = speaker, shifts
        return RecordedStream(self, Stretching((*slower, *self._factors)), self._nothing, shifts)

    def samples(self, latents: Tensor, end: int, matrix: NDArray[np.float32], window: Window, shifts: Tensor) -> Tensor:
        """The samples that are taken of a window.

        Args:
            latents: (latents, channels), as many before those with weights as the window has places.
            end: the one after the last of them that has a weight.
            matrix: the weights, (frames, latents); where there are fewer frames than the window has, nothing is in
                the rest of it.
            window: which one.
            shifts: of the speaker.
        """
        frames, count = matrix.shape
        recorded = self._recorded.get(window.frames)
        if recorded is None or recorded.latents.shape[0] < count:
            weights = torch.from_numpy(matrix).to(latents.device)
            return _compute(self._network, shifts, latents[end - count : end], weights)[window.first : window.end]
        places = recorded.latents.shape[0]
        whole = np.zeros((window.frames, places), np.float32)
        whole[:frames, places - count :] = matrix
        # NVIDIA's driver has copied so little before it returns; torch would wait for it to arrive, too.
        recorded.weights.copy_(torch.from_numpy(whole), non_blocking=True)
        recorded.latents.copy_(latents[end - places : end])
        if self._shifts_kept is not shifts:
            self._shifts.copy_(shifts)
            self._shifts_kept = shifts
        recorded.step()
        return recorded.samples[window.first : window.end].clone()


class RecordedStream:
    """The sound of one sentence. Several may take turns."""

    def __init__(self, vocoder: RecordedVocoder, stretching: Stretching, nothing: Tensor, shifts: Tensor) -> None:
        self._vocoder = vocoder
        self._stretching = stretching
        self._shifts = shifts
        self._latents = nothing
        self._begin = len(nothing)
        """Where the first of them is."""
        self._done = 0

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """As ``Stream`` says."""
        self._latents = torch.cat([self._latents, latents[0]])
        there = len(self._latents) - self._begin
        frames = self._stretching.frames(there, last=last)
        parts: list[Tensor] = []
        for window in self._vocoder.windows.cut(self._done, frames, last=last):
            end = min(window.begin + window.frames, frames)
            first, matrix = self._stretching.weights(window.begin, end, there, last=last)
            end = self._begin + first + matrix.shape[1]
            parts.append(self._vocoder.samples(self._latents, end, matrix, window, self._shifts))
            self._done += window.samples
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if parts else torch.zeros(0, device=latents.device)


class _Window:
    """One size of window, and the memory in which it is computed."""

    def __init__(self, latents: Tensor, weights: Tensor, samples: Tensor, compute: Compute, pool: Pool) -> None:
        self.latents = latents
        self.weights = weights
        self.samples = samples

        def step() -> None:
            samples.copy_(compute(latents, weights))

        self.step = Captured(step, pool)


def _compute(network: Compute, shifts: Tensor, latents: Tensor, weights: Tensor) -> Tensor:
    return network((weights @ latents).to(shifts.dtype), shifts).float()
