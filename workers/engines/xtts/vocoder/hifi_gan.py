"""Weights of HiFi-GAN, the network of the XTTS vocoder, prepared for windows.

The speaker conditioning is precomputed as a bias, and the means over blocks are folded into the following weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

SLOPE: Final = 0.1
"""Slope of the leaky ReLUs (HiFi-GAN, arXiv:2010.05646); the last one has ``LAST_SLOPE``."""

LAST_SLOPE: Final = 0.01


@dataclass(frozen=True)
class Convolution:
    """Convolution with "same" padding."""

    weight: Tensor
    """(out channels, in channels, odd kernel size)."""
    bias: Tensor | None
    dilation: int = 1

    @property
    def receptive_field(self) -> int:
        """Steps on each side of its receptive field."""
        return (self.weight.shape[2] - 1) * self.dilation // 2


@dataclass(frozen=True)
class Upsampling:
    """Upsampling stage: a transposed convolution and the residual blocks whose sum is the next signal."""

    weight: Tensor
    """(in channels, out channels, kernel size)."""
    stride: int
    blocks: list[list[tuple[Convolution, Convolution]]]

    @property
    def padding(self) -> int:
        """Output steps to cut at each end."""
        return (self.weight.shape[2] - self.stride) // 2

    @property
    def receptive_field(self) -> int:
        """Output steps on each side that depend on one input step."""
        return self.padding + max(
            sum(one.receptive_field + two.receptive_field for one, two in block) for block in self.blocks
        )


class HifiGan:
    """Weights from coqui's ``HifiganGenerator`` after folding of the weight normalization."""

    def __init__(self, generator: nn.Module) -> None:
        """Share the weights of the generator, except for those that change."""
        count = len(generator.resblocks) // len(generator.ups)
        self.first = _convolution(generator.conv_pre)
        self.ups: list[Upsampling] = []
        for number, up in enumerate(generator.ups):
            blocks = [_block(block) for block in generator.resblocks[number * count : (number + 1) * count]]
            weight = up.weight / count if number else up.weight
            self.ups.append(Upsampling(weight, up.stride[0], blocks))
        self.last = _convolution(generator.conv_post, count)
        self.speaker_bias = SpeakerBias(generator)

    @property
    def hop(self) -> int:
        """Samples per frame."""
        return math.prod(up.stride for up in self.ups)

    @property
    def receptive_field(self) -> int:
        """Receptive field: samples before and after those of a frame that depend on it."""
        rate = self.hop
        found = self.first.receptive_field * rate
        for up in self.ups:
            rate //= up.stride
            found += up.receptive_field * rate
        return found + self.last.receptive_field


class SpeakerBias:
    """Speaker conditioning of the first and the upsampling layers, as a bias that includes their own."""

    def __init__(self, generator: nn.Module) -> None:
        """Take the weights of coqui's ``HifiganGenerator``."""
        layers = [generator.conv_pre, *generator.ups]
        conditions = [generator.cond_layer, *(generator.conds if generator.cond_in_each_up_layer else ())]
        biases = [layer.bias for layer in layers]
        self.widths: Final = [bias.shape[0] for bias in biases]
        """Channels of each layer."""
        weights = [condition.weight[:, :, 0] for condition in conditions]
        for number, condition in enumerate(conditions):
            biases[number] = biases[number] + condition.bias
        missing = sum(self.widths[len(conditions) :])
        weights.append(weights[0].new_zeros(missing, weights[0].shape[1]))
        self._weights = torch.cat(weights).float()
        self._biases = torch.cat(biases).float()

    def bias_for(self, speaker: Tensor) -> Tensor:
        """Return the biases for a speaker embedding, (1, 512, 1), concatenated over the layers, float32."""
        return self._weights @ speaker.to(self._biases)[0, :, 0] + self._biases


def _convolution(conv: nn.Conv1d, divisor: int = 1) -> Convolution:
    return Convolution(conv.weight if divisor == 1 else conv.weight / divisor, conv.bias, conv.dilation[0])


def _block(block: nn.Module) -> list[tuple[Convolution, Convolution]]:
    pairs = zip(block.convs1, block.convs2, strict=True)
    return [(_convolution(one), _convolution(two)) for one, two in pairs]
