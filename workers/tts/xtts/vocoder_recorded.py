"""The vocoder of XTTS where naming each kernel takes longer than running it: windows of a few sizes, each recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.captured import Captured
from voicestream.workers.tts.xtts.hifi_gan import HifiGan
from voicestream.workers.tts.xtts.vocoder import fold_weight_norm, interpolations
from voicestream.workers.tts.xtts.vocoder_network import Network
from voicestream.workers.tts.xtts.vocoder_windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from voicestream.workers.captured import Pool
    from voicestream.workers.tts.xtts.streaming_layers import Layer

    Compute = Callable[[Tensor, Tensor], Tensor]

SIZES: Final = (32, 48, 64, 96)
"""Frames. A token is 4.4 of them, and a window has 26 beside those of its piece: so 32 hold the first eight tokens, 48
a piece of four, 64 one of eight or the last one, 96 one that is spoken slowly. Very short texts are put together from
several."""


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
        self._interpolations = interpolations(decoder)
        layers = HifiGan(decoder.waveform_decoder)
        self._voices = layers.voices
        self._network = network(layers, numbers)
        self.windows: Final = Windows(layers.hop, layers.reach, sizes)
        device = layers.last.weight.device
        self._shifts = torch.zeros(sum(self._voices.widths), dtype=numbers, device=device)
        channels = layers.first.weight.shape[1]

        def window(size: int) -> _Window:
            frames = torch.zeros(size, channels, dtype=numbers, device=device)
            samples = torch.zeros(size * layers.hop, device=device)
            return _Window(self._network, frames, self._shifts, samples, pool)

        self._recorded = {size: window(size) for size in sizes}

    def record(self) -> None:
        """Record a window of each size.

        Raises:
            RuntimeError: there is not enough memory.
        """
        for window in self._recorded.values():
            window.step.capture()

    def stream(self, speaker: Tensor, speed: float = 1.0) -> RecordedStream:
        """As ``Vocoder`` says."""
        return RecordedStream(self, self._interpolations(speed), self._voices.shifts(speaker).to(self._shifts))

    def samples(self, frames: Tensor, size: int, shifts: Tensor) -> Tensor:
        """What a window sounds like.

        Args:
            frames: (frames, channels).
            size: of the window; where it is larger than there are frames, anything may stand in the rest of it.
            shifts: of the speaker.

        Returns:
            (samples,), float32; until the next call.
        """
        recorded = self._recorded.get(size)
        if recorded is None:
            return self._network(frames.to(shifts.dtype).contiguous(), shifts).float()
        self._shifts.copy_(shifts)
        recorded.frames[: len(frames)] = frames
        recorded.step()
        return recorded.samples


class RecordedStream:
    """The sound of one sentence. Several may take turns."""

    def __init__(self, vocoder: RecordedVocoder, layers: Layer, shifts: Tensor) -> None:
        self._vocoder = vocoder
        self._layers = layers
        self._shifts = shifts
        self._kept: Tensor | None = None
        """The last frames."""
        self._kept_from = 0
        self._done = 0

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """As ``Stream`` says."""
        windows = self._vocoder.windows
        frames = self._layers.feed(latents.transpose(1, 2), last=last)
        if self._kept is not None:
            frames = torch.cat([self._kept, frames], 2)
        parts = [torch.zeros(0, device=frames.device)]
        for window in windows.cut(self._done, self._kept_from + frames.shape[2], last=last):
            begin = window.begin - self._kept_from
            part = frames[0, :, begin : begin + window.frames].t()
            samples = self._vocoder.samples(part, window.frames, self._shifts)
            parts.append(samples[window.first : window.end].clone())
            self._done += window.samples
        dropped = max(0, frames.shape[2] - windows.kept_frames)
        self._kept = frames[:, :, dropped:]
        self._kept_from += dropped
        return torch.cat(parts) if len(parts) != 2 else parts[1]  # noqa: PLR2004 - one piece needs not be joined


class _Window:
    """One size of window, and the memory in which it is computed."""

    def __init__(self, network: Compute, frames: Tensor, shifts: Tensor, samples: Tensor, pool: Pool) -> None:
        self.frames = frames
        self.samples = samples

        def compute() -> None:
            samples.copy_(network(frames, shifts))

        self.step = Captured(compute, pool)
