"""What the kernels of the vocoder do, one operation of torch after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.fused import Layer


class PlainKernels:
    """``Kernels``; counts the launches there would be."""

    def __init__(self) -> None:
        self.launches = 0

    def convolve(
        self, signals: Tensor, layer: Layer, bias: Tensor, slope: float, around: Tensor | None = None
    ) -> Tensor:
        """As ``Kernels`` says."""
        import torch
        from torch.nn import functional

        self.launches += 1
        count, outputs = len(layer.taps), layer.weight.shape[2]
        if count == 1:
            signals = signals.sum(0, keepdim=True)
        signals = functional.leaky_relu(signals, slope).transpose(1, 2).expand(count, -1, -1)
        weights = torch.split(layer.weight.permute(2, 1, 0), list(layer.taps), 2)
        biases = bias.repeat(1, outputs // bias.shape[1])
        made = [
            functional.conv1d(signal[None], weight, one, dilation=layer.dilation, padding=(taps // 2) * layer.dilation)
            for signal, weight, one, taps in zip(signals, weights, biases, layer.taps, strict=True)
        ]
        out = torch.cat(made).transpose(1, 2).contiguous()
        return out if around is None else out + around

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """As ``Kernels`` says."""
        import torch
        from torch.nn import functional

        self.launches += 1
        signal = functional.leaky_relu(signals.sum(0), slope).t()[None]
        return torch.tanh(functional.conv1d(signal, weight.t()[None], padding=len(weight) // 2))[0, 0]
