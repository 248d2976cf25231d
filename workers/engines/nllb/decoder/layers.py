"""The layers of NLLB as its decoder of our own computes them, made of those of a loaded model of transformers."""

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
    """The half of a layer that looks at one position only."""

    norm: Norm
    widen: Linear
    activation: Callable[[Tensor], Tensor]
    narrow: Linear

    @classmethod
    def of(cls, layer: nn.Module) -> FeedForward:
        """That of a layer of the encoder or the decoder."""
        function = Activation.RELU if isinstance(layer.activation_fn, torch.nn.ReLU) else layer.activation_fn
        return cls(Norm.of(layer.final_layer_norm), Linear.of(layer.fc1), function, Linear.of(layer.fc2))

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

    def normed(self) -> Iterator[tuple[Norm, Linear]]:
        """Each norm, with the linear layer that alone stands behind it."""
        yield self.said.norm, self.said.query_key_value
        yield self.source.norm, self.source.query
        yield self.feed_forward.norm, self.feed_forward.widen

    @classmethod
    def all_of(cls, layers: Sequence[nn.Module]) -> list[DecoderLayer]:
        """Those of a decoder."""
        return [cls(SelfAttention.of(layer), CrossAttention.of(layer), FeedForward.of(layer)) for layer in layers]
