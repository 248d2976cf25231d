"""Linear layers of the GPT: in a given dtype, or with int8 weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from voicestream.workers.inference.layers import Linear, LinearLike

if TYPE_CHECKING:
    from torch import Tensor

LinearFactory = Callable[["Tensor", "Tensor"], LinearLike]
"""Creates a layer from weight (out, in) and bias (out); its input and output are float32."""

_INT8_MAX: float = 127.0
"""Symmetric range of int8."""


class DtypeLinear(Linear):
    """Linear layer that computes in the dtype of its weights."""

    def __call__(self, signal: Tensor) -> Tensor:
        """Map float32 to float32."""
        return super().__call__(signal.to(self.weight.dtype)).float()


def in_dtype(dtype: torch.dtype) -> LinearFactory:
    """Return a factory of layers that compute in a dtype."""

    def make(weight: Tensor, bias: Tensor) -> DtypeLinear:
        return DtypeLinear(*(part.detach().to(dtype, copy=True).contiguous() for part in (weight, bias)))

    return make


def int8(weight: Tensor, bias: Tensor) -> LinearLike:
    """Return a layer with int8 weights and a scale for each output; activations are bfloat16.

    A decoder step is bound by memory bandwidth on a CPU, so a quarter of the bytes takes a third to an eighth of the
    time. Quantizing the activations as well would cost accuracy and save no time.
    """
    weight = weight.detach().float()
    scale = (weight.abs().amax(1, keepdim=True) / _INT8_MAX).clamp(min=torch.finfo(torch.float32).tiny)
    quantized = (weight / scale).round().to(torch.int8).contiguous()
    scales = scale[:, 0].to(torch.bfloat16)
    bias = bias.detach().to(torch.float32, copy=True)

    def compute(signal: Tensor) -> Tensor:
        flat = signal.reshape(-1, signal.shape[-1]).to(torch.bfloat16)
        # Torch has no public name for it.
        product = torch._weight_int8pack_mm(flat, quantized, scales)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        return (product.float() + bias).reshape(*signal.shape[:-1], -1)

    return compute


def has_int8() -> bool:
    """Return whether this torch has int8 weight-only products on a CPU."""
    return hasattr(torch, "_weight_int8pack_mm")
