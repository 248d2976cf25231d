"""Vocoder of XTTS with CUDA graphs: overlapping windows of a few sizes, each captured as one graph."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
from voicestream.workers.engines.xtts.vocoder.interpolation import InterpolationChain
from voicestream.workers.engines.xtts.vocoder.network import TorchNetwork
from voicestream.workers.engines.xtts.vocoder.receptive_field import WindowPlan
from voicestream.workers.engines.xtts.vocoder.streaming import fold_weight_norm, interpolation_factors
from voicestream.workers.inference.cuda_graphs import CapturedStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.vocoder.receptive_field import Window
    from voicestream.workers.inference.cuda_graphs import GraphPool

    WindowFunction = Callable[[Tensor, Tensor], Tensor]

WINDOW_FRAMES: Final = (32, 48, 64, 96)
"""Window sizes, in frames. A token has 4.4 frames, and a window 26 besides those of its chunk: 32 frames hold the first
eight tokens, 48 a chunk of four, 64 one of eight or the last one, 96 one of slow speech. Very short texts use
several."""

_MAX_SPEED: Final = 2.0
"""Highest speed for which the captured windows have room for the latents."""

_EXTRA_LATENTS: Final = 4
"""Additional latents at the edges of a window."""


class CapturedVocoder:
    """Vocoder with the samples of ``StreamingVocoder`` up to rounding, computed in overlapping windows.

    Overlaps are computed twice; on a GPU that takes less time than the many small kernels of stateful layers.
    """

    def __init__(
        self,
        decoder: nn.Module,
        dtype: torch.dtype,
        pool: GraphPool,
        *,
        sizes: tuple[int, ...] = WINDOW_FRAMES,
        network: Callable[[HifiGan, torch.dtype], WindowFunction] = TorchNetwork,
    ) -> None:
        """Take the weights.

        Args:
            decoder: a loaded ``HifiDecoder``; weight normalization is folded into its weights.
            dtype: of the network; the interpolation before it is always float32.
            pool: memory of the CUDA graphs.
            sizes: of the captured windows, in frames, ascending.
            network: creates the network.
        """
        fold_weight_norm(decoder)
        layers = HifiGan(decoder.waveform_decoder)
        self.windows: Final = WindowPlan(layers.hop, layers.receptive_field, sizes)
        self._factors = interpolation_factors(decoder)
        self._bias_layers = layers.speaker_bias
        self._network = network(layers, dtype)
        device = layers.last.weight.device
        self._speaker_bias = torch.zeros(sum(self._bias_layers.widths), dtype=dtype, device=device)
        self._current_bias: Tensor | None = None
        """Speaker bias that was copied last."""
        self._last_speaker: tuple[Tensor | None, Tensor] = None, self._speaker_bias
        channels = layers.first.weight.shape[1]

        # The captured function must not refer to this object: memory would wait for the cycle collector.
        compute = partial(_compute, self._network, self._speaker_bias)

        def window(size: int) -> _CapturedWindow:
            latents = math.ceil(size * _MAX_SPEED / math.prod(self._factors)) + _EXTRA_LATENTS
            return _CapturedWindow(
                torch.zeros(latents, channels, device=device),
                torch.zeros(size, latents, device=device),
                torch.zeros(size * layers.hop, device=device),
                compute,
                pool,
            )

        self._captured = {size: window(size) for size in sizes}
        longest = max(len(window.latents) for window in self._captured.values())
        self._padding = torch.zeros(longest, channels, device=device)
        """Padding before the latents, for windows that have room for more than there are."""

    def capture(self) -> None:
        """Capture a window of each size.

        Raises:
            RuntimeError: out of memory.
        """
        for window in self._captured.values():
            window.step.capture()

    def stream(self, speaker: Tensor, speed: float = 1.0) -> CapturedVocoderStream:
        """See ``StreamingVocoder.stream``."""
        speed_factor = [] if speed == 1.0 else [1 / speed]
        last, speaker_bias = self._last_speaker
        # Consecutive sentences mostly have the same voice.
        if speaker is not last:
            speaker_bias = self._bias_layers.bias_for(speaker).to(self._speaker_bias)
            self._last_speaker = speaker, speaker_bias
        return CapturedVocoderStream(
            self, InterpolationChain((*speed_factor, *self._factors)), self._padding, speaker_bias
        )

    def samples(
        self, latents: Tensor, end: int, matrix: NDArray[np.float32], window: Window, speaker_bias: Tensor
    ) -> Tensor:
        """Compute a window, and return its valid samples.

        Args:
            latents: (latents, channels), with as many before the used ones as the window has room for.
            end: index after the last used latent.
            matrix: interpolation weights, (frames, latents); with fewer frames than the window has, the rest is zero.
            window: the window.
            speaker_bias: of the speaker.
        """
        frames, count = matrix.shape
        captured = self._captured.get(window.frames)
        if captured is None or captured.latents.shape[0] < count:
            weights = torch.from_numpy(matrix).to(latents.device)
            return _compute(self._network, speaker_bias, latents[end - count : end], weights)[window.first : window.end]
        positions = captured.latents.shape[0]
        whole = np.zeros((window.frames, positions), np.float32)
        whole[:frames, positions - count :] = matrix
        # The driver stages such small copies before it returns; a blocking copy would also wait for the GPU.
        captured.weights.copy_(torch.from_numpy(whole), non_blocking=True)
        captured.latents.copy_(latents[end - positions : end])
        if self._current_bias is not speaker_bias:
            self._speaker_bias.copy_(speaker_bias)
            self._current_bias = speaker_bias
        captured.step()
        return captured.samples[window.first : window.end].clone()


class CapturedVocoderStream:
    """Stream of one sentence; several streams can be interleaved."""

    def __init__(
        self, vocoder: CapturedVocoder, interpolation: InterpolationChain, padding: Tensor, speaker_bias: Tensor
    ) -> None:
        self._vocoder = vocoder
        self._interpolation = interpolation
        self._speaker_bias = speaker_bias
        self._latents = padding
        self._begin = len(padding)
        """Index of the first latent."""
        self._done = 0

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """See ``VocoderStream``."""
        self._latents = torch.cat([self._latents, latents[0]])
        available = len(self._latents) - self._begin
        frames = self._interpolation.frames(available, last=last)
        parts: list[Tensor] = []
        for window in self._vocoder.windows.plan(self._done, frames, last=last):
            end = min(window.begin + window.frames, frames)
            first, matrix = self._interpolation.weights(window.begin, end, available, last=last)
            end = self._begin + first + matrix.shape[1]
            parts.append(self._vocoder.samples(self._latents, end, matrix, window, self._speaker_bias))
            self._done += window.samples
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if parts else torch.zeros(0, device=latents.device)


class _CapturedWindow:
    """Captured window of one size, with its input and output buffers."""

    def __init__(
        self, latents: Tensor, weights: Tensor, samples: Tensor, compute: WindowFunction, pool: GraphPool
    ) -> None:
        self.latents = latents
        self.weights = weights
        self.samples = samples

        def step() -> None:
            samples.copy_(compute(latents, weights))

        self.step = CapturedStep(step, pool)


def _compute(network: WindowFunction, speaker_bias: Tensor, latents: Tensor, weights: Tensor) -> Tensor:
    return network((weights @ latents).to(speaker_bias.dtype), speaker_bias).float()
