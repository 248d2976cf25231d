"""HiFi-GAN over a whole signal, with few kernels.

As torch has it, a convolution is up to seven kernels: rectify, change the order in memory, multiply, change it back,
add the bias, add what went around it. Here it is one, and so are those of the blocks of a level, which do not wait for
each other: 30 in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from voicestream.workers.engines.xtts.vocoder.hifi_gan import LAST_SLOPE, SLOPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.hifi_gan import Convolution, HifiGan, Upsampling


@dataclass(frozen=True)
class Layer:
    """A convolution; or several with equal shapes but for their taps, each for a signal of its own."""

    weight: Tensor
    """(taps of one after those of the other, channels in, channels out)."""
    taps: tuple[int, ...]
    """How many each has, an odd number."""
    dilation: int = 1


class Kernels(Protocol):
    """What a GPU is asked to do. Signals are tensors of shape (signals, steps, channels)."""

    def convolve(
        self, signals: Tensor, layer: Layer, bias: Tensor, slope: float, around: Tensor | None = None
    ) -> Tensor:
        """Rectify and convolve, without changing the number of steps.

        Args:
            signals: one for all or one for each convolution of the layer; where the layer is one: their sum.
            layer: see there.
            bias: (convolutions, channels out), or fewer channels, which are repeated then.
            slope: of the rectifier; 1: none.
            around: is added to what comes out; one for all, or one for each.

        Returns:
            A signal for each convolution of the layer.
        """
        ...

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """The sum of signals, rectified, made one channel by a weight (taps, channels), as a sound: (samples,)."""
        ...


class FusedNetwork:
    """The same as ``Network``."""

    def __init__(self, layers: HifiGan, numbers: torch.dtype, kernels: Kernels) -> None:
        """Copy the weights.

        Args:
            layers: where they come from.
            numbers: in which signals and weights are kept; sums are float32.
            kernels: what computes.
        """
        self._kernels = kernels
        self._widths = layers.voices.widths
        self._first = Layer(_by_taps(layers.first.weight).to(numbers), (layers.first.weight.shape[2],))
        self._levels = [_Level(up, numbers) for up in layers.ups]
        self._last = layers.last.weight[0].t().contiguous().to(numbers)

    def __call__(self, frames: Tensor, shifts: Tensor) -> Tensor:
        """As ``Network`` says."""
        kernels = self._kernels
        first, *others = torch.split(shifts, self._widths)
        signals = kernels.convolve(frames[None], self._first, first[None], 1.0)
        for level, shift in zip(self._levels, others, strict=True):
            signals = kernels.convolve(signals, level.up, shift[None], SLOPE)
            # The steps that are made of one lie beside each other as if they were its channels.
            signals = signals.view(1, -1, len(shift))
            for one, one_bias, two, two_bias in level.pairs:
                made = kernels.convolve(signals, one, one_bias, SLOPE)
                signals = kernels.convolve(made, two, two_bias, SLOPE, around=signals)
        return kernels.finish(signals, self._last, LAST_SLOPE)


class _Level:
    def __init__(self, up: Upsampling, numbers: torch.dtype) -> None:
        self.up = Layer(*_as_convolution(up, numbers))
        # What takes longest should not begin last.
        blocks = sorted(up.blocks, key=lambda block: -block[0][0].weight.shape[2])
        self.pairs: list[tuple[Layer, Tensor, Layer, Tensor]] = []
        for pairs in zip(*blocks, strict=True):
            one, two = zip(*pairs, strict=True)
            self.pairs.append((*_together(one, numbers), *_together(two, numbers)))


def _together(convolutions: Sequence[Convolution], numbers: torch.dtype) -> tuple[Layer, Tensor]:
    (dilation,) = {convolution.dilation for convolution in convolutions}
    weights = [_by_taps(convolution.weight).to(numbers) for convolution in convolutions]
    biases = [convolution.bias.to(numbers)[None] for convolution in convolutions if convolution.bias is not None]
    return Layer(torch.cat(weights), tuple(map(len, weights)), dilation), torch.cat(biases)


def _by_taps(weight: Tensor) -> Tensor:
    """Of (out, in, taps): (taps, in, out)."""
    return weight.permute(2, 1, 0).contiguous()


def _as_convolution(up: Upsampling, numbers: torch.dtype) -> tuple[Tensor, tuple[int, ...]]:
    """A weight that makes ``stride`` times as many channels instead of steps, and how many taps it has."""
    channels, outputs, size = up.weight.shape
    reach = max(up.stride - 1 + up.padding, size - 1 - up.padding) // up.stride
    made = up.weight.new_zeros(2 * reach + 1, channels, up.stride, outputs)
    for tap in range(2 * reach + 1):
        for step in range(up.stride):
            # Which of the taps of old leads from the input so many steps away to this step of the output.
            old = step + up.padding - (tap - reach) * up.stride
            if 0 <= old < size:
                made[tap, :, step] = up.weight[:, :, old]
    return made.view(2 * reach + 1, channels, up.stride * outputs).to(numbers), (2 * reach + 1,)
