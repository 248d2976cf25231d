"""The layers of NLLB as its decoder of our own computes them, made of those of a loaded model of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn


@dataclass(frozen=True)
class Norm:
    """Layer normalisation."""

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


@dataclass(frozen=True)
class Linear:
    """A linear layer."""

    weight: Tensor
    bias: Tensor

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
        """(…, in) to (…, out)."""
        return functional.linear(signal, self.weight, self.bias)


@dataclass(frozen=True)
class FeedForward:
    """The half of a layer that looks at one position only."""

    norm: Norm
    widen: Linear
    activation: Callable[[Tensor], Tensor]
    narrow: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> FeedForward:
        """That of a layer of the encoder or the decoder."""
        return cls(Norm.of(layer.final_layer_norm), Linear.of(layer.fc1), layer.activation_fn, Linear.of(layer.fc2))

    def __call__(self, signal: Tensor) -> Tensor:
        """(…, width) to the same."""
        return signal + self.narrow(self.activation(self.widen(self.norm(signal))))


@dataclass(frozen=True)
class SelfAttention:
    """What looks at the other positions of the same text."""

    norm: Norm
    query_key_value: Linear
    out: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> SelfAttention:
        """That of a layer of the encoder or the decoder."""
        attention = layer.self_attn
        return cls(
            Norm.of(layer.self_attn_layer_norm),
            Linear.of(attention.q_proj, attention.k_proj, attention.v_proj),
            Linear.of(attention.out_proj),
        )


@dataclass(frozen=True)
class CrossAttention:
    """What looks at the source from the answer."""

    norm: Norm
    query: Linear
    key_value: Linear
    out: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> CrossAttention:
        """That of a layer of the decoder."""
        attention = layer.encoder_attn
        return cls(
            Norm.of(layer.encoder_attn_layer_norm),
            Linear.of(attention.q_proj),
            Linear.of(attention.k_proj, attention.v_proj),
            Linear.of(attention.out_proj),
        )


@dataclass(frozen=True)
class EncoderLayer:
    """Reads."""

    seen: SelfAttention
    feed_forward: FeedForward

    @classmethod
    def all_of(cls, layers: Sequence[nn.Module]) -> list[EncoderLayer]:
        """Those of an encoder."""
        return [cls(SelfAttention.of(layer), FeedForward.of(layer)) for layer in layers]


@dataclass(frozen=True)
class DecoderLayer:
    """Writes."""

    said: SelfAttention
    source: CrossAttention
    feed_forward: FeedForward

    @classmethod
    def all_of(cls, layers: Sequence[nn.Module]) -> list[DecoderLayer]:
        """Those of a decoder."""
        return [cls(SelfAttention.of(layer), CrossAttention.of(layer), FeedForward.of(layer)) for layer in layers]
