"""What the kernels of the vocoder do, one operation of torch after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.fused import ConvolutionGroup


class PlainKernels:
    """``VocoderKernels``; counts the launches there would be."""

    def __init__(self) -> None:
        self.launches = 0

    def interpolate(self, weights: Tensor, latents: Tensor, dtype: torch.dtype) -> Tensor:
        """As ``VocoderKernels`` says."""
        self.launches += 1
        return (weights @ latents).to(dtype)

    def convolve(
        self, signals: Tensor, layer: ConvolutionGroup, bias: Tensor, slope: float, residual: Tensor | None = None
    ) -> Tensor:
        """As ``VocoderKernels`` says."""
        import torch
        from torch.nn import functional

        self.launches += 1
        count, outputs = len(layer.kernel_sizes), layer.weight.shape[2]
        if count == 1:
            signals = signals.sum(0, keepdim=True)
        signals = functional.leaky_relu(signals, slope).transpose(2, 3).expand(count, -1, -1, -1)
        weights = torch.split(layer.weight.permute(2, 1, 0), list(layer.kernel_sizes), 2)
        biases = bias.repeat(1, 1, outputs // bias.shape[2]).transpose(0, 1)[:, :, :, None]
        made = [
            functional.conv1d(rows, weight, dilation=layer.dilation, padding=(taps // 2) * layer.dilation) + one
            for rows, weight, one, taps in zip(signals, weights, biases, layer.kernel_sizes, strict=True)
        ]
        out = torch.stack(made).transpose(2, 3).contiguous()
        return out if residual is None else out + residual

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """As ``VocoderKernels`` says."""
        import torch
        from torch.nn import functional

        self.launches += 1
        rows = functional.leaky_relu(signals.sum(0), slope).transpose(1, 2)
        return torch.tanh(functional.conv1d(rows, weight.t()[None], padding=len(weight) // 2))[:, 0]
