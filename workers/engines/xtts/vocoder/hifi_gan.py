"""The weights of HiFi-GAN, the network of XTTS' vocoder, as they are read to compute windows.

What can be done beforehand is done: what a speaker adds is added to biases, and the means are divided in the weights of
the layers behind them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

SLOPE: Final = 0.1
"""Of the leaky rectifiers between the layers (HiFi-GAN, arXiv:2010.05646); the one before the last has 0.01."""

LAST_SLOPE: Final = 0.01


@dataclass(frozen=True)
class Convolution:
    """A layer that keeps the number of steps."""

    weight: Tensor
    """(out channels, in channels, odd number of taps)."""
    bias: Tensor | None
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Steps to either side that it looks at."""
        return (self.weight.shape[2] - 1) * self.dilation // 2


@dataclass(frozen=True)
class Upsampling:
    """A layer that makes ``stride`` steps of one, and the blocks behind it, the sum of which is the next signal."""

    weight: Tensor
    """(in channels, out channels, taps)."""
    stride: int
    blocks: list[list[tuple[Convolution, Convolution]]]

    @property
    def padding(self) -> int:
        """Steps that it makes too many, at either end."""
        return (self.weight.shape[2] - self.stride) // 2

    @property
    def reach(self) -> int:
        """Steps of its output to either side of those of one input that depend on it."""
        return self.padding + max(sum(one.reach + two.reach for one, two in block) for block in self.blocks)


class HifiGan:
    """Read from coqui's ``HifiganGenerator``, in which normalization is folded."""

    def __init__(self, generator: nn.Module) -> None:
        """The weights are those of the generator, where they need not be changed."""
        count = len(generator.resblocks) // len(generator.ups)
        self.first = _convolution(generator.conv_pre)
        self.ups: list[Upsampling] = []
        for number, up in enumerate(generator.ups):
            blocks = [_block(block) for block in generator.resblocks[number * count : (number + 1) * count]]
            weight = up.weight / count if number else up.weight
            self.ups.append(Upsampling(weight, up.stride[0], blocks))
        self.last = _convolution(generator.conv_post, count)
        self.voices = Voices(generator)

    @property
    def hop(self) -> int:
        """Samples a frame."""
        return math.prod(up.stride for up in self.ups)

    @property
    def reach(self) -> int:
        """How many samples before and after it a frame has something to say in."""
        rate = self.hop
        found = self.first.reach * rate
        for up in self.ups:
            rate //= up.stride
            found += up.reach * rate
        return found + self.last.reach


class Voices:
    """How a speaker shifts the outputs of the first layer and of those that upsample; their biases are in it."""

    def __init__(self, generator: nn.Module) -> None:
        """Read from coqui's ``HifiganGenerator``."""
        layers = [generator.conv_pre, *generator.ups]
        conditions = [generator.cond_layer, *(generator.conds if generator.cond_in_each_up_layer else ())]
        biases = [layer.bias for layer in layers]
        self.widths: Final = [bias.shape[0] for bias in biases]
        """Channels of each of these layers."""
        weights = [condition.weight[:, :, 0] for condition in conditions]
        for number, condition in enumerate(conditions):
            biases[number] = biases[number] + condition.bias
        missing = sum(self.widths[len(conditions) :])
        weights.append(weights[0].new_zeros(missing, weights[0].shape[1]))
        self._weights = torch.cat(weights).float()
        self._biases = torch.cat(biases).float()

    def shifts(self, speaker: Tensor) -> Tensor:
        """Those of a speaker, an embedding of shape (1, 512, 1): one layer's after the other's, float32."""
        return self._weights @ speaker.to(self._biases)[0, :, 0] + self._biases


def _convolution(conv: nn.Conv1d, divisor: int = 1) -> Convolution:
    return Convolution(conv.weight if divisor == 1 else conv.weight / divisor, conv.bias, conv.dilation[0])


def _block(block: nn.Module) -> list[tuple[Convolution, Convolution]]:
    pairs = zip(block.convs1, block.convs2, strict=True)
    return [(_convolution(one), _convolution(two)) for one, two in pairs]
