"""Vocoder of XTTS with CUDA graphs: overlapping windows of a few sizes, those of several streams in one replay."""

from __future__ import annotations

import itertools
import logging
import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from voicestream.workers.engines.xtts.vocoder import row_counts
from voicestream.workers.engines.xtts.vocoder.captured_windows import (
    Buffers,
    CapturedWindows,
    Interpolation,
    WindowInput,
)
from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
from voicestream.workers.engines.xtts.vocoder.interpolation import InterpolationChain
from voicestream.workers.engines.xtts.vocoder.network import TorchNetwork
from voicestream.workers.engines.xtts.vocoder.receptive_field import WindowPlan
from voicestream.workers.engines.xtts.vocoder.streaming import fold_weight_norm, interpolation_factors
from voicestream.workers.inference import device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.vocoder.network import Network
    from voicestream.workers.inference.cuda_graphs import GraphPool

_log = logging.getLogger(__name__)

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

    A replay computes windows of several streams, one in each row. With fused kernels the samples of a row are the same
    whatever the other rows are, and however many: each row has the programs that it has alone. With those of torch
    that holds up to rounding, because the libraries choose an algorithm by the row count.
    """

    def __init__(
        self,
        decoder: nn.Module,
        dtype: torch.dtype,
        pool: GraphPool,
        *,
        sizes: tuple[int, ...] = WINDOW_FRAMES,
        rows: tuple[int, ...] = row_counts.SINGLE,
        network: Callable[[HifiGan, torch.dtype], Network] = TorchNetwork,
    ) -> None:
        """Take the weights.

        Args:
            decoder: a loaded ``HifiDecoder``; weight normalization is folded into its weights.
            dtype: of the network; the interpolation before it is always float32.
            pool: memory of the CUDA graphs.
            sizes: of the captured windows, in frames, ascending.
            rows: row counts of the replays, with 1.
            network: creates the network.
        """
        fold_weight_norm(decoder)
        layers = HifiGan(decoder.waveform_decoder)
        self.windows: Final = WindowPlan(layers.hop, layers.receptive_field, sizes)
        self._factors = interpolation_factors(decoder)
        self._bias_layers = layers.speaker_bias
        # The captured functions must not refer to this object: memory would wait for the cycle collector.
        self._compute = partial(_compute, network(layers, dtype))
        weight = layers.last.weight
        zeros = partial(torch.zeros, device=weight.device)
        channels = layers.first.weight.shape[1]

        def captured(size: int) -> CapturedWindows:
            latents = math.ceil(size * _MAX_SPEED / math.prod(self._factors)) + _EXTRA_LATENTS
            counts = row_counts.for_size(size, rows)
            most = max(counts)
            buffers = Buffers(
                zeros(most, size, latents),
                zeros(most, latents, channels),
                zeros(most, sum(self._bias_layers.widths), dtype=dtype),
                zeros(most, size * layers.hop),
            )
            return CapturedWindows(buffers, self._compute, counts, pool)

        self._captured = {size: captured(size) for size in sizes}
        self._padding = zeros(max(windows.positions for windows in self._captured.values()), channels)
        """Padding before the latents, for windows that have room for more than there are."""
        self._last_speaker: tuple[Tensor | None, Tensor] = None, self._padding
        self._dtype = dtype

    def capture(self) -> None:
        """Capture the windows of each size and row count; large row counts for which memory is missing are left out.

        Raises:
            RuntimeError: out of memory.
        """
        graphs = [(size, count) for size, windows in self._captured.items() for count in windows.counts]
        # The graphs share their memory: smaller ones fit into that of the largest.
        for size, count in sorted(graphs, key=math.prod, reverse=True):
            try:
                self._captured[size].capture(count)
            except RuntimeError as error:
                if count == 1 or not device.is_out_of_memory(error):
                    raise
                _log.warning("out of memory for %d windows of %d frames in a replay: %s", count, size, error)
                self._captured[size].drop(count)

    def stream(self, speaker: Tensor, speed: float = 1.0) -> CapturedVocoderStream:
        """See ``StreamingVocoder.stream``."""
        speed_factor = [] if speed == 1.0 else [1 / speed]
        last, speaker_bias = self._last_speaker
        # Consecutive sentences mostly have the same voice.
        if speaker is not last:
            speaker_bias = self._bias_layers.bias_for(speaker).to(self._dtype)
            self._last_speaker = speaker, speaker_bias
        return CapturedVocoderStream(
            self, InterpolationChain((*speed_factor, *self._factors)), self._padding, speaker_bias
        )

    def compute(self, requests: Sequence[tuple[CapturedVocoderStream, Tensor, bool]]) -> list[NDArray[np.float32]]:
        """See ``StreamingVocoder.compute``."""
        return self.launch(requests)()

    def launch(
        self, requests: Sequence[tuple[CapturedVocoderStream, Tensor, bool]]
    ) -> Callable[[], list[NDArray[np.float32]]]:
        """Begin to compute as ``compute`` does; the returned function waits for the device, and returns the samples."""
        inputs = [stream.windows(latents, last=last) for stream, latents, last in requests]
        samples = self.samples(list(itertools.chain(*inputs)), _to_host)
        done = torch.cuda.Event() if self._padding.device.type == "cuda" else None
        if done is not None:
            done.record()

        def finish() -> list[NDArray[np.float32]]:
            if done is not None:
                done.synchronize()
            rest = iter(samples)
            return [_joined(itertools.islice(rest, len(windows))) for windows in inputs]

        return finish

    def samples(
        self, inputs: Sequence[WindowInput], keep: Callable[[Tensor], Tensor] = torch.Tensor.clone
    ) -> list[Tensor]:
        """Compute windows of any streams, and return the valid samples of each.

        Args:
            inputs: the windows.
            keep: copies samples that the next replay overwrites.
        """
        found: dict[int, Tensor] = {}
        by_size: dict[int, list[int]] = {}
        for number, each in enumerate(inputs):
            captured = self._captured.get(each.window.frames)
            if captured is None or captured.positions < each.interpolation.weights().matrix.shape[1]:
                found[number] = keep(_eagerly(self._compute, each))
            else:
                by_size.setdefault(each.window.frames, []).append(number)
        for size, numbers in by_size.items():
            captured = self._captured[size]
            rest = iter(numbers)
            for count in row_counts.split(len(numbers), captured.counts):
                part = list(itertools.islice(rest, count))
                kept = keep(captured.replay([inputs[number] for number in part], count))
                found.update((number, kept[row]) for row, number in enumerate(part))
        return [found[number][each.window.first : each.window.end] for number, each in enumerate(inputs)]


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
        parts = self._vocoder.samples(self.windows(latents[0], last=last))
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if parts else torch.zeros(0, device=latents.device)

    def windows(self, latents: Tensor, *, last: bool) -> list[WindowInput]:
        """Take the next latents, (latents, channels); return the windows that they determine."""
        self._latents = torch.cat([self._latents, latents])
        available = len(self._latents) - self._begin
        frames = self._interpolation.frames(available, last=last)
        found: list[WindowInput] = []
        for window in self._vocoder.windows.plan(self._done, frames, last=last):
            end = min(window.begin + window.frames, frames)
            interpolation = Interpolation(self._interpolation, window.begin, end, available, last)
            first, matrix = interpolation.weights()
            end = self._begin + first + matrix.shape[1]
            found.append(WindowInput(window, self._latents, end, interpolation, self._speaker_bias))
            self._done += window.samples
        return found


def _compute(network: Network, weights: Tensor, latents: Tensor, speaker_bias: Tensor) -> Tensor:
    return network(network.interpolate(weights, latents), speaker_bias).float()


def _eagerly(compute: Callable[[Tensor, Tensor, Tensor], Tensor], window: WindowInput) -> Tensor:
    """Compute a window for which there is no graph."""
    weights = torch.from_numpy(window.interpolation.weights().matrix).to(window.latents.device)
    latents = window.latents[window.end - weights.shape[1] : window.end]
    return compute(weights[None], latents[None], window.speaker_bias[None])[0]


def _to_host(samples: Tensor) -> Tensor:
    """Copy samples to the host; on CUDA they are there once the stream was synchronized."""
    is_cuda = samples.device.type == "cuda"
    copy = torch.empty(samples.shape, dtype=samples.dtype, pin_memory=is_cuda)
    return copy.copy_(samples, non_blocking=is_cuda)


def _joined(parts: Iterable[Tensor]) -> NDArray[np.float32]:
    arrays = [part.numpy() for part in parts]
    return np.concatenate(arrays) if arrays else np.zeros(0, np.float32)
