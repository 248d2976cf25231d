"""The weights of a step, and what they do to a signal."""

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
    """Of the wide half of a layer."""

    RELU = "relu"
    GELU = "gelu"
    """With a hyperbolic tangent in place of the error function."""

    def __call__(self, signal: Tensor) -> Tensor:
        """Of each value."""
        return torch.relu(signal) if self is Activation.RELU else functional.gelu(signal, approximate="tanh")


@dataclass(frozen=True)
class Norm:
    """Layer normalization."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, norm: nn.LayerNorm) -> Norm:
        """The same as a module's."""
        return cls(norm.weight.detach(), norm.bias.detach(), norm.eps)

    def __call__(self, signal: Tensor) -> Tensor:
        """(…, width) to the same."""
        return functional.layer_norm(signal, self.weight.shape, self.weight, self.bias, self.epsilon)


class LinearLike(Protocol):
    """A linear layer, whatever its weights are kept in."""

    def __call__(self, signal: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        ...


@dataclass
class Linear:
    """A linear layer whose weights are numbers as they are."""

    weight: Tensor
    """(out, in)."""
    bias: Tensor
    sums: Tensor | None = None
    """Of the rows of the weights, in float32, once a norm was folded into them (``fold``)."""

    @classmethod
    def of(cls, *layers: nn.Module) -> Linear:
        """One that computes what several modules do, their results one behind the other.

        The modules go on to work, with views of the common weights: so these are in memory once.
        """
        if len(layers) == 1:
            return cls(layers[0].weight.detach(), layers[0].bias.detach())
        weight = torch.cat([layer.weight.detach() for layer in layers])
        bias = torch.cat([layer.bias.detach() for layer in layers])
        begin = 0
        for layer in layers:
            end = begin + len(layer.bias)
            layer.weight.data, layer.bias.data = weight[begin:end], bias[begin:end]
            begin = end
        return cls(weight, bias)

    def __call__(self, signal: Tensor) -> Tensor:
        """As ``LinearLike`` says."""
        return functional.linear(signal, self.weight, self.bias)


def fold(norm: Norm, linear: Linear) -> None:
    """Move the weights of a norm into the linear layer behind it; together the two do what they did before.

    What is left of the norm is a mean and a spread, and these can be found while the matrix is multiplied.
    """
    weight, bias = linear.weight.float(), linear.bias.float()
    bias += weight @ norm.bias.float()
    linear.bias.copy_(bias)
    linear.weight.copy_(weight * norm.weight.float())
    norm.weight.fill_(1.0)
    norm.bias.zero_()
    # Of the weights as they were rounded: so the mean of a signal cancels out.
    linear.sums = linear.weight.float().sum(1)
