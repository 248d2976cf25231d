"""HiFi-GAN over a whole signal in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.vocoder.hifi_gan import LAST_SLOPE, SLOPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.hifi_gan import Convolution, HifiGan, Upsampling

    Block = Sequence[tuple["_TorchConvolution", "_TorchConvolution"]]


class Network(Protocol):
    """Network of HiFi-GAN: frames in, samples out. The first dimension of all tensors is the row, one for each signal.

    A signal has zeros before and after it.
    """

    def interpolate(self, weights: Tensor, latents: Tensor) -> Tensor:
        """Interpolate latents to frames, in float32.

        Args:
            weights: (rows, frames, latents).
            latents: (rows, latents, channels).

        Returns:
            (rows, frames, channels), in the dtype of the network.
        """
        ...

    def __call__(self, frames: Tensor, speaker_bias: Tensor) -> Tensor:
        """Compute the samples of frames.

        Args:
            frames: (rows, frames, channels).
            speaker_bias: from ``SpeakerBias``, (rows, channels of all layers).

        Returns:
            (rows, samples).
        """
        ...


class TorchNetwork:
    """``Network`` with the kernels of torch. They are chosen by the row count, so that rounding depends on it."""

    def __init__(
        self, layers: HifiGan, dtype: torch.dtype, *, channels_last: bool = True, parallel_blocks: bool = True
    ) -> None:
        """Copy the weights.

        Args:
            layers: the weights.
            dtype: to compute in.
            channels_last: whether the channels of a step are contiguous in memory, as tensor cores require.
            parallel_blocks: whether independent blocks run on parallel CUDA streams.
        """
        self._widths = layers.speaker_bias.widths
        self._dtype = dtype
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._first = self._convolution(layers.first)
        self._stages = [
            (_TorchUpsampling(up, self._converted(up.weight)), [self._block(block) for block in up.blocks])
            for up in layers.ups
        ]
        self._last = self._convolution(layers.last)
        self._device = layers.last.weight.device
        count = len(layers.ups[0].blocks) - 1 if parallel_blocks and self._device.type == "cuda" else 0
        self._streams = [torch.cuda.Stream(self._device) for _ in range(count)]

    def interpolate(self, weights: Tensor, latents: Tensor) -> Tensor:
        """See ``Network``."""
        return (weights @ latents).to(self._dtype)

    def __call__(self, frames: Tensor, speaker_bias: Tensor) -> Tensor:
        """See ``Network``."""
        first, *others = torch.split(speaker_bias, self._widths, dim=1)
        signal = frames.transpose(1, 2)[:, :, None].contiguous(memory_format=self._format)
        signal = self._first(signal, first)
        for (up, blocks), bias in zip(self._stages, others, strict=True):
            signal = up(functional.leaky_relu(signal, SLOPE, inplace=True), bias)
            signal = self._sum(blocks, signal)
        signal = self._last(functional.leaky_relu(signal, LAST_SLOPE, inplace=True))
        return torch.tanh(signal).reshape(len(frames), -1)

    def _sum(self, blocks: Sequence[Block], signal: Tensor) -> Tensor:
        """Return the sum of the outputs of several blocks."""
        if self._streams:
            return self._sum_parallel(blocks, signal)
        total = _run(blocks[0], signal)
        for block in blocks[1:]:
            total += _run(block, signal)
        return total

    def _sum_parallel(self, blocks: Sequence[Block], signal: Tensor) -> Tensor:
        """Run blocks on parallel streams, synchronized with the main one so that no memory in use is reused."""
        main = torch.cuda.current_stream(self._device)
        outputs: list[Tensor] = []
        for stream, block in zip(self._streams, blocks[1:], strict=True):
            stream.wait_stream(main)
            with torch.cuda.stream(stream):
                outputs.append(_run(block, signal))
        total = _run(blocks[0], signal)
        for stream, part in zip(self._streams, outputs, strict=True):
            main.wait_stream(stream)
            total += part
        return total

    def _converted(self, weight: Tensor) -> Tensor:
        return weight[:, :, None].to(self._dtype).contiguous(memory_format=self._format)

    def _convolution(self, layer: Convolution) -> _TorchConvolution:
        bias = None if layer.bias is None else layer.bias.to(self._dtype)
        return _TorchConvolution(layer, self._converted(layer.weight), bias)

    def _block(self, block: Sequence[tuple[Convolution, Convolution]]) -> Block:
        return [(self._convolution(one), self._convolution(two)) for one, two in block]


class _TorchConvolution:
    def __init__(self, layer: Convolution, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = weight
        self._bias = bias
        self._padding = (0, layer.receptive_field)
        self._dilation = (1, layer.dilation)

    def __call__(self, signal: Tensor, speaker_bias: Tensor | None = None) -> Tensor:
        one, rows = (self._bias, None) if speaker_bias is None else _split_bias(speaker_bias)
        out = functional.conv2d(signal, self._weight, one, padding=self._padding, dilation=self._dilation)
        return out if rows is None else out.add_(rows)


class _TorchUpsampling:
    def __init__(self, layer: Upsampling, weight: Tensor) -> None:
        self._weight = weight
        self._stride = (1, layer.stride)
        self._padding = (0, layer.padding)

    def __call__(self, signal: Tensor, speaker_bias: Tensor) -> Tensor:
        one, rows = _split_bias(speaker_bias)
        out = functional.conv_transpose2d(signal, self._weight, one, stride=self._stride, padding=self._padding)
        return out if rows is None else out.add_(rows)


def _split_bias(speaker_bias: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return the bias for the convolution, and that to add to each row: a convolution has one for all rows."""
    return (speaker_bias[0], None) if len(speaker_bias) == 1 else (None, speaker_bias[:, :, None, None])


def _run(block: Block, signal: Tensor) -> Tensor:
    for one, two in block:
        hidden = one(functional.leaky_relu(signal, SLOPE))
        hidden = two(functional.leaky_relu(hidden, SLOPE, inplace=True))
        hidden += signal
        signal = hidden
    return signal
