"""The linear layers of the GPT: exact, or with weights of 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from voicestream.workers.inference.layers import Linear, LinearLike

if TYPE_CHECKING:
    from torch import Tensor

MakeLinear = Callable[["Tensor", "Tensor"], LinearLike]
"""Makes one of weight (out, in) and bias (out); it takes float32, and gives it back."""

_LARGEST: float = 127.0
"""Of a signed byte, as large downwards as upwards."""


class Exact(Linear):
    """Computes in numbers of a kind."""

    def __call__(self, signal: Tensor) -> Tensor:
        """As ``MakeLinear`` says."""
        return super().__call__(signal.to(self.weight.dtype)).float()


def exact(numbers: torch.dtype) -> MakeLinear:
    """Layers that compute in numbers of a kind."""

    def make(weight: Tensor, bias: Tensor) -> Exact:
        return Exact(*(part.detach().to(numbers, copy=True).contiguous() for part in (weight, bias)))

    return make


def int8(weight: Tensor, bias: Tensor) -> LinearLike:
    """A layer with weights in 8 bits and a scale for each output; what it is fed stays bfloat16.

    A step of the decoder reads each weight once, and on a processor that is what it waits for: a quarter of the bytes
    is a third to an eighth of the time. Only the weights are rounded, because rounding the activations, too, costs
    accuracy and no longer saves time.
    """
    weight = weight.detach().float()
    scale = (weight.abs().amax(1, keepdim=True) / _LARGEST).clamp(min=torch.finfo(torch.float32).tiny)
    rounded = (weight / scale).round().to(torch.int8).contiguous()
    scales = scale[:, 0].to(torch.bfloat16)
    bias = bias.detach().to(torch.float32, copy=True)

    def compute(signal: Tensor) -> Tensor:
        flat = signal.reshape(-1, signal.shape[-1]).to(torch.bfloat16)
        # There is no public name for it yet.
        made = torch._weight_int8pack_mm(flat, rounded, scales)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        return (made.float() + bias).reshape(*signal.shape[:-1], -1)

    return compute


def has_int8() -> bool:
    """Whether this torch multiplies with weights of 8 bits on a processor."""
    return hasattr(torch, "_weight_int8pack_mm")
