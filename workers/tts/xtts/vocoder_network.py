"""HiFi-GAN, the network of XTTS' vocoder, over a whole signal in as few kernels as there can be without own ones.

The same as in ``vocoder``, but for what is done beforehand: what a speaker adds is added to the biases, and the means
are divided in the weights of the layers behind them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

SLOPE: Final = 0.1
"""Of the leaky rectifiers between the layers (HiFi-GAN, arXiv:2010.05646); the one before the last has 0.01."""

LAST_SLOPE: Final = 0.01


@dataclass(frozen=True)
class _Convolution:
    weight: Tensor
    """(out channels, in channels, 1, odd kernel size)."""
    bias: Tensor | None
    dilation: int = 1

    @property
    def reach(self) -> int:
        return (self.weight.shape[3] - 1) * self.dilation // 2

    def __call__(self, signal: Tensor, bias: Tensor | None = None) -> Tensor:
        bias = self.bias if bias is None else bias
        return functional.conv2d(signal, self.weight, bias, padding=(0, self.reach), dilation=(1, self.dilation))


@dataclass(frozen=True)
class _Upsampling:
    weight: Tensor
    """(in channels, out channels, 1, kernel size)."""
    stride: int

    @property
    def reach(self) -> int:
        return (self.weight.shape[3] - self.stride) // 2

    def __call__(self, signal: Tensor, bias: Tensor) -> Tensor:
        return functional.conv_transpose2d(signal, self.weight, bias, stride=(1, self.stride), padding=(0, self.reach))


_Block = list[tuple[_Convolution, _Convolution]]


class Network:
    """The generator of a loaded ``HifiDecoder``; its weights are copied.

    Signals are tensors of shape (1, channels, 1, steps).
    """

    def __init__(
        self, generator: nn.Module, numbers: torch.dtype, *, channels_last: bool = True, side_by_side: bool = True
    ) -> None:
        """Read the weights, in which normalization is folded.

        Args:
            generator: coqui's ``HifiganGenerator``.
            numbers: in which it computes.
            channels_last: whether the channels of a step lie beside each other in memory, as NVIDIA's tensor cores
                want them.
            side_by_side: whether blocks that do not wait for each other run at the same time, on CUDA.
        """
        self._numbers = numbers
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._before = self._convolution(generator.conv_pre)
        count = len(generator.resblocks) // len(generator.ups)
        self._ups: list[_Upsampling] = []
        self._blocks: list[list[_Block]] = []
        for number, up in enumerate(generator.ups):
            share = 1 / count if number else 1.0
            self._ups.append(_Upsampling(self._kept(up.weight * share), up.stride[0]))
            group = generator.resblocks[number * count : (number + 1) * count]
            self._blocks.append([self._block(block) for block in group])
        self._after = self._convolution(generator.conv_post, 1 / count)
        self._weights_of_speaker, self._biases = _of_speaker(generator)
        self._widths = [self._before.weight.shape[0], *(up.weight.shape[1] for up in self._ups)]
        device = self._biases.device
        self._streams = (
            [torch.cuda.Stream(device) for _ in range(count - 1)] if side_by_side and device.type == "cuda" else []
        )

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._biases.device

    @property
    def hop(self) -> int:
        """Samples a frame."""
        return math.prod(up.stride for up in self._ups)

    @property
    def reach(self) -> int:
        """How many samples before and after it a frame has something to say in."""
        rate = self.hop
        found = self._before.reach * rate
        for up, blocks in zip(self._ups, self._blocks, strict=True):
            rate //= up.stride
            widest = max(sum(first.reach + second.reach for first, second in block) for block in blocks)
            found += (up.reach + widest) * rate
        return found + self._after.reach

    def empty(self, frames: int) -> Tensor:
        """So many frames of silence."""
        shape = (1, self._before.weight.shape[1], 1, frames)
        silence = torch.zeros(*shape, dtype=self._numbers, device=self.device)
        return silence.contiguous(memory_format=self._format)

    def no_shifts(self) -> Tensor:
        """Memory for what a speaker shifts."""
        return torch.zeros(sum(self._widths), dtype=self._numbers, device=self.device)

    def shifts(self, speaker: Tensor) -> Tensor:
        """What a speaker, an embedding of shape (1, 512, 1), shifts the outputs of the layers by."""
        speaker = speaker.to(self._biases)[0, :, 0]
        return (self._weights_of_speaker @ speaker + self._biases).to(self._numbers)

    def __call__(self, frames: Tensor, shifts: Tensor) -> Tensor:
        """The samples of frames, with silence before and after them: (frames times ``hop``,)."""
        first, *others = torch.split(shifts, self._widths)
        signal = self._before(frames, first)
        for up, blocks, shift in zip(self._ups, self._blocks, others, strict=True):
            signal = up(functional.leaky_relu(signal, SLOPE, inplace=True), shift)
            signal = self._sum(blocks, signal)
        signal = self._after(functional.leaky_relu(signal, LAST_SLOPE, inplace=True))
        return torch.tanh(signal).view(-1)

    def _sum(self, blocks: Sequence[_Block], signal: Tensor) -> Tensor:
        """Of what several blocks make of one signal."""
        if self._streams:
            return self._sum_side_by_side(blocks, signal)
        total = _run(blocks[0], signal)
        for block in blocks[1:]:
            total += _run(block, signal)
        return total

    def _sum_side_by_side(self, blocks: Sequence[_Block], signal: Tensor) -> Tensor:
        """Each stream waits for this one before it begins and this one for each, so none takes memory still in use."""
        main = torch.cuda.current_stream(self.device)
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
        return weight.detach()[:, :, None].to(self._numbers).contiguous(memory_format=self._format)

    def _convolution(self, conv: nn.Conv1d, share: float = 1.0) -> _Convolution:
        bias = None if conv.bias is None else conv.bias.detach().to(self._numbers)
        return _Convolution(self._kept(conv.weight * share), bias, conv.dilation[0])

    def _block(self, block: nn.Module) -> _Block:
        pairs = zip(block.convs1, block.convs2, strict=True)
        return [(self._convolution(first), self._convolution(second)) for first, second in pairs]


def _run(block: _Block, signal: Tensor) -> Tensor:
    for first, second in block:
        made = first(functional.leaky_relu(signal, SLOPE))
        made = second(functional.leaky_relu(made, SLOPE, inplace=True))
        made += signal
        signal = made
    return signal


def _of_speaker(generator: nn.Module) -> tuple[Tensor, Tensor]:
    """Weights and biases of all that a speaker shifts: the first layer, and those that upsample."""
    layers = [generator.conv_pre, *generator.ups]
    conditions = [generator.cond_layer, *(generator.conds if generator.cond_in_each_up_layer else ())]
    weights = [condition.weight[:, :, 0] for condition in conditions]
    biases = [layer.bias for layer in layers]
    for number, condition in enumerate(conditions):
        biases[number] = biases[number] + condition.bias
    missing = sum(bias.shape[0] for bias in biases) - sum(weight.shape[0] for weight in weights)
    weights.append(weights[0].new_zeros(missing, weights[0].shape[1]))
    return torch.cat(weights).detach().float(), torch.cat(biases).detach().float()
