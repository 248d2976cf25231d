"""Linear layer, layer norm and activation of a transformer, with weights taken from modules of torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


class Activation(Enum):
    """Activation function of a feed-forward layer."""

    RELU = "relu"
    GELU = "gelu"
    """Tanh approximation."""

    def __call__(self, signal: Tensor) -> Tensor:
        """Apply the function to each element."""
        return torch.relu(signal) if self is Activation.RELU else functional.gelu(signal, approximate="tanh")


@dataclass(frozen=True)
class Norm:
    """Layer normalization."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, norm: nn.LayerNorm) -> Norm:
        """Take the weights of a module."""
        return cls(norm.weight.detach(), norm.bias.detach(), norm.eps)

    def __call__(self, signal: Tensor) -> Tensor:
        """Normalize (…, width)."""
        return functional.layer_norm(signal, self.weight.shape, self.weight, self.bias, self.epsilon)


class LinearLike(Protocol):
    """Linear layer with weights in any format."""

    def __call__(self, signal: Tensor) -> Tensor:
        """Map (…, in) to (…, out)."""
        ...


@dataclass
class Linear:
    """Linear layer with unquantized weights."""

    weight: Tensor
    """(out, in)."""
    bias: Tensor
    row_sums: Tensor | None = None
    """Row sums of the weights, float32, once a layer norm was folded into them (``fold_layer_norm``)."""

    @classmethod
    def of(cls, *layers: nn.Module) -> Linear:
        """Concatenate the outputs of several modules into one layer.

        The modules remain usable: their weights become views of the common ones, so memory is not doubled.
        """
        if len(layers) == 1:
            return cls(layers[0].weight.detach(), layers[0].bias.detach())
        weight = torch.cat([layer.weight.detach() for layer in layers])
        bias = torch.cat([layer.bias.detach() for layer in layers])
        start = 0
        for layer in layers:
            end = start + len(layer.bias)
            layer.weight.data, layer.bias.data = weight[start:end], bias[start:end]
            start = end
        return cls(weight, bias)

    def __call__(self, signal: Tensor) -> Tensor:
        """See ``LinearLike``."""
        return functional.linear(signal, self.weight, self.bias)


def fold_layer_norm(norm: Norm, linear: Linear) -> None:
    """Fold the weights of a layer norm into the following linear layer, in place; their composition is unchanged.

    The mean and the variance remain, which can be computed during the matrix product.
    """
    weight, bias = linear.weight.float(), linear.bias.float()
    bias += weight @ norm.bias.float()
    linear.bias.copy_(bias)
    linear.weight.copy_(weight * norm.weight.float())
    norm.weight.fill_(1.0)
    norm.bias.zero_()
    # Sums of the rounded weights, so that the mean of a signal cancels out exactly.
    linear.row_sums = linear.weight.float().sum(1)
