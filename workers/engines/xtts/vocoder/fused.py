"""HiFi-GAN over a whole signal with fused kernels.

With torch a convolution takes up to seven kernels: leaky ReLU, two changes of the memory layout, product, bias,
residual add. Here it is one kernel, and so are the independent convolutions of a stage's blocks: 30 in all, and one for
the interpolation.
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
class ConvolutionGroup:
    """One convolution, or several with equal shapes except for the kernel size, each for its own signal."""

    weight: Tensor
    """(sum of kernel sizes, channels in, channels out)."""
    kernel_sizes: tuple[int, ...]
    """Kernel size of each convolution, odd."""
    dilation: int = 1


class VocoderKernels(Protocol):
    """Kernels of the network. Signals have the shape (signals, rows, steps, channels).

    Each row is computed as if it were alone: the samples do not depend on the other rows, nor on their number.
    """

    def interpolate(self, weights: Tensor, latents: Tensor, dtype: torch.dtype) -> Tensor:
        """Multiply (rows, frames, latents) by (rows, latents, channels) in float32; the product has the given dtype."""
        ...

    def convolve(
        self, signals: Tensor, layer: ConvolutionGroup, bias: Tensor, slope: float, residual: Tensor | None = None
    ) -> Tensor:
        """Apply leaky ReLU and convolution, with "same" padding.

        Args:
            signals: one for all or one for each convolution; a single convolution takes their sum.
            layer: the convolutions.
            bias: (rows, convolutions, channels out), or one row for all; fewer channels are repeated.
            slope: of the leaky ReLU; 1: none.
            residual: added to the output; one for all, or one for each convolution.

        Returns:
            A signal for each convolution.
        """
        ...

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """Apply leaky ReLU to the sum of signals, convolve it to one channel, and apply tanh: (rows, samples)."""
        ...


class FusedNetwork:
    """``Network`` with fused kernels."""

    def __init__(self, layers: HifiGan, dtype: torch.dtype, kernels: VocoderKernels) -> None:
        """Copy the weights.

        Args:
            layers: the weights.
            dtype: of signals and weights; accumulation is float32.
            kernels: the kernels.
        """
        self._kernels = kernels
        self._dtype = dtype
        self._widths = layers.speaker_bias.widths
        self._first = ConvolutionGroup(_transpose(layers.first.weight).to(dtype), (layers.first.weight.shape[2],))
        self._stages = [_Stage(up, dtype) for up in layers.ups]
        self._last = layers.last.weight[0].t().contiguous().to(dtype)

    def interpolate(self, weights: Tensor, latents: Tensor) -> Tensor:
        """See ``Network``."""
        return self._kernels.interpolate(weights, latents, self._dtype)

    def __call__(self, frames: Tensor, speaker_bias: Tensor) -> Tensor:
        """See ``Network``."""
        kernels = self._kernels
        first, *others = torch.split(speaker_bias[:, None], self._widths, dim=2)
        signals = kernels.convolve(frames[None], self._first, first, 1.0)
        for stage, bias in zip(self._stages, others, strict=True):
            signals = kernels.convolve(signals, stage.up, bias, SLOPE)
            # The upsampled steps of one input step are adjacent in memory, as channels.
            signals = signals.view(1, len(frames), -1, bias.shape[2])
            for one, one_bias, two, two_bias in stage.pairs:
                hidden = kernels.convolve(signals, one, one_bias, SLOPE)
                signals = kernels.convolve(hidden, two, two_bias, SLOPE, residual=signals)
        return kernels.finish(signals, self._last, LAST_SLOPE)


class _Stage:
    def __init__(self, up: Upsampling, dtype: torch.dtype) -> None:
        self.up = ConvolutionGroup(*_as_convolution(up, dtype))
        # The longest convolution starts first.
        blocks = sorted(up.blocks, key=lambda block: -block[0][0].weight.shape[2])
        self.pairs: list[tuple[ConvolutionGroup, Tensor, ConvolutionGroup, Tensor]] = []
        for pairs in zip(*blocks, strict=True):
            one, two = zip(*pairs, strict=True)
            self.pairs.append((*_group(one, dtype), *_group(two, dtype)))


def _group(convolutions: Sequence[Convolution], dtype: torch.dtype) -> tuple[ConvolutionGroup, Tensor]:
    (dilation,) = {convolution.dilation for convolution in convolutions}
    weights = [_transpose(convolution.weight).to(dtype) for convolution in convolutions]
    biases = [convolution.bias.to(dtype)[None] for convolution in convolutions if convolution.bias is not None]
    return ConvolutionGroup(torch.cat(weights), tuple(map(len, weights)), dilation), torch.cat(biases)[None]


def _transpose(weight: Tensor) -> Tensor:
    """Transpose (out, in, kernel size) to (kernel size, in, out)."""
    return weight.permute(2, 1, 0).contiguous()


def _as_convolution(up: Upsampling, dtype: torch.dtype) -> tuple[Tensor, tuple[int, ...]]:
    """Express a transposed convolution as a convolution with ``stride`` times the channels: weight and kernel size."""
    channels, outputs, size = up.weight.shape
    half_width = max(up.stride - 1 + up.padding, size - 1 - up.padding) // up.stride
    weight = up.weight.new_zeros(2 * half_width + 1, channels, up.stride, outputs)
    for tap in range(2 * half_width + 1):
        for step in range(up.stride):
            # Tap of the transposed convolution between this input step and this output step.
            source_tap = step + up.padding - (tap - half_width) * up.stride
            if 0 <= source_tap < size:
                weight[tap, :, step] = up.weight[:, :, source_tap]
    return weight.view(2 * half_width + 1, channels, up.stride * outputs).to(dtype), (2 * half_width + 1,)
