"""Transformer layers of NLLB with the weights of a model of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn

from voicestream.workers.inference.layers import Activation, Linear, Norm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn


@dataclass(frozen=True)
class FeedForward:
    """Feed-forward sublayer."""

    norm: Norm
    up: Linear
    activation: Callable[[Tensor], Tensor]
    down: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> FeedForward:
        """Take the weights of an encoder or decoder layer."""
        function = Activation.RELU if isinstance(layer.activation_fn, torch.nn.ReLU) else layer.activation_fn
        return cls(Norm.of(layer.final_layer_norm), Linear.of(layer.fc1), function, Linear.of(layer.fc2))

    def __call__(self, signal: Tensor) -> Tensor:
        """Apply the sublayer with its residual connection, (…, width)."""
        return signal + self.down(self.activation(self.up(self.norm(signal))))


@dataclass(frozen=True)
class SelfAttention:
    """Self-attention sublayer."""

    norm: Norm
    qkv: Linear
    output: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> SelfAttention:
        """Take the weights of an encoder or decoder layer."""
        attention = layer.self_attn
        return cls(
            Norm.of(layer.self_attn_layer_norm),
            Linear.of(attention.q_proj, attention.k_proj, attention.v_proj),
            Linear.of(attention.out_proj),
        )


@dataclass(frozen=True)
class CrossAttention:
    """Cross-attention sublayer."""

    norm: Norm
    query: Linear
    kv: Linear
    output: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> CrossAttention:
        """Take the weights of a decoder layer."""
        attention = layer.encoder_attn
        return cls(
            Norm.of(layer.encoder_attn_layer_norm),
            Linear.of(attention.q_proj),
            Linear.of(attention.k_proj, attention.v_proj),
            Linear.of(attention.out_proj),
        )


@dataclass(frozen=True)
class EncoderLayer:
    """Encoder layer."""

    self_attention: SelfAttention
    feed_forward: FeedForward

    @classmethod
    def all_of(cls, layers: Sequence[nn.Module]) -> list[EncoderLayer]:
        """Take the layers of an encoder."""
        return [cls(SelfAttention.of(layer), FeedForward.of(layer)) for layer in layers]


@dataclass(frozen=True)
class DecoderLayer:
    """Decoder layer."""

    self_attention: SelfAttention
    cross_attention: CrossAttention
    feed_forward: FeedForward

    def norm_linear_pairs(self) -> Iterator[tuple[Norm, Linear]]:
        """Yield each layer norm with the linear layer that follows it."""
        yield self.self_attention.norm, self.self_attention.qkv
        yield self.cross_attention.norm, self.cross_attention.query
        yield self.feed_forward.norm, self.feed_forward.up

    @classmethod
    def all_of(cls, layers: Sequence[nn.Module]) -> list[DecoderLayer]:
        """Take the layers of a decoder."""
        return [cls(SelfAttention.of(layer), CrossAttention.of(layer), FeedForward.of(layer)) for layer in layers]
