"""HiFi-GAN over a whole signal, with the kernels of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.vocoder.hifi_gan import LAST_SLOPE, SLOPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.hifi_gan import Convolution, HifiGan, Upsampling

    Block = Sequence[tuple["_Convolution", "_Convolution"]]


class Network:
    """Makes samples of frames."""

    def __init__(
        self, layers: HifiGan, numbers: torch.dtype, *, channels_last: bool = True, side_by_side: bool = True
    ) -> None:
        """Copy the weights.

        Args:
            layers: where they come from.
            numbers: in which it computes.
            channels_last: whether the channels of a step lie beside each other in memory, as NVIDIA's tensor cores
                want them.
            side_by_side: whether blocks that do not wait for each other run at the same time, on CUDA.
        """
        self._widths = layers.voices.widths
        self._numbers = numbers
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._first = self._convolution(layers.first)
        self._levels = [
            (_Upsampling(up, self._kept(up.weight)), [self._block(block) for block in up.blocks]) for up in layers.ups
        ]
        self._last = self._convolution(layers.last)
        self._device = layers.last.weight.device
        count = len(layers.ups[0].blocks) - 1 if side_by_side and self._device.type == "cuda" else 0
        self._streams = [torch.cuda.Stream(self._device) for _ in range(count)]

    def __call__(self, frames: Tensor, shifts: Tensor) -> Tensor:
        """The samples of frames, with nothing before and after them.

        Args:
            frames: (frames, channels).
            shifts: of the speaker, see ``Voices``.

        Returns:
            (samples,).
        """
        first, *others = torch.split(shifts, self._widths)
        signal = frames.t()[None, :, None].contiguous(memory_format=self._format)
        signal = self._first(signal, first)
        for (up, blocks), shift in zip(self._levels, others, strict=True):
            signal = up(functional.leaky_relu(signal, SLOPE, inplace=True), shift)
            signal = self._sum(blocks, signal)
        signal = self._last(functional.leaky_relu(signal, LAST_SLOPE, inplace=True))
        return torch.tanh(signal).view(-1)

    def _sum(self, blocks: Sequence[Block], signal: Tensor) -> Tensor:
        """Of what several blocks make of one signal."""
        if self._streams:
            return self._sum_side_by_side(blocks, signal)
        total = _run(blocks[0], signal)
        for block in blocks[1:]:
            total += _run(block, signal)
        return total

    def _sum_side_by_side(self, blocks: Sequence[Block], signal: Tensor) -> Tensor:
        """Each stream waits for this one before it begins and this one for each, so none takes memory still in use."""
        main = torch.cuda.current_stream(self._device)
        made: list[Tensor] = []
        for stream, block in zip(self._streams, blocks[1:], strict=True):
            stream.wait_stream(main)
            with torch.cuda.stream(stream):
                made.append(_run(block, signal))
        total = _run(blocks[0], signal)
        for stream, part in zip(self._streams, made, strict=True):
            main.wait_stream(stream)
            total += part
        return total

    def _kept(self, weight: Tensor) -> Tensor:
        return weight[:, :, None].to(self._numbers).contiguous(memory_format=self._format)

    def _convolution(self, layer: Convolution) -> _Convolution:
        bias = None if layer.bias is None else layer.bias.to(self._numbers)
        return _Convolution(layer, self._kept(layer.weight), bias)

    def _block(self, block: Sequence[tuple[Convolution, Convolution]]) -> Block:
        return [(self._convolution(one), self._convolution(two)) for one, two in block]


class _Convolution:
    def __init__(self, layer: Convolution, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = weight
        self._bias = bias
        self._padding = (0, layer.reach)
        self._dilation = (1, layer.dilation)

    def __call__(self, signal: Tensor, bias: Tensor | None = None) -> Tensor:
        bias = self._bias if bias is None else bias
        return functional.conv2d(signal, self._weight, bias, padding=self._padding, dilation=self._dilation)


class _Upsampling:
    def __init__(self, layer: Upsampling, weight: Tensor) -> None:
        self._weight = weight
        self._stride = (1, layer.stride)
        self._padding = (0, layer.padding)

    def __call__(self, signal: Tensor, bias: Tensor) -> Tensor:
        return functional.conv_transpose2d(signal, self._weight, bias, stride=self._stride, padding=self._padding)


def _run(block: Block, signal: Tensor) -> Tensor:
    for one, two in block:
        made = one(functional.leaky_relu(signal, SLOPE))
        made = two(functional.leaky_relu(made, SLOPE, inplace=True))
        made += signal
        signal = made
    return signal
