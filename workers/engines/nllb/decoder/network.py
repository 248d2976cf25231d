"""NLLB's network, from the weights of transformers: reads sentences once, then takes one token an answer and step.

Nothing here decides by what is in a tensor, and no shape depends on it: on a GPU all of it can be recorded
(``workers/inference/cuda_graphs.py``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

from voicestream.workers.engines.nllb.decoder.layers import DecoderLayer, EncoderLayer
from voicestream.workers.inference.layers import Linear, Norm, fold
from voicestream.workers.inference.residual_stream import PlainStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from transformers import M2M100ForConditionalGeneration

    from voicestream.workers.engines.nllb.decoder.attention import Sight
    from voicestream.workers.engines.nllb.decoder.buckets import Shape
    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.residual_stream import Stream

_HIGHEST_BUT: Final = 1000
"""Transformers keeps the encoder's numbers so far below the largest of float16 (``M2M100EncoderLayer``)."""


class Embedding:
    """The numbers a token begins with, at its position."""

    def __init__(self, side: torch.nn.Module) -> None:
        self.padding: int = side.padding_idx
        self._tokens: Tensor = side.embed_tokens.weight.detach()
        self._scale: float = side.embed_tokens.embed_scale
        self._positions: Tensor = side.embed_positions.weights.detach().to(self._tokens.device, self._tokens.dtype)

    def __call__(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Embed.

        Args:
            tokens: (…).
            numbers: of their positions, 1 for the first; broadcast.
        """
        # Padding stands nowhere.
        places = numbers * (tokens != self.padding) + self.padding
        return functional.embedding(tokens, self._tokens) * self._scale + functional.embedding(places, self._positions)

    def of_newest(self, tokens: Tensor, position: Tensor, gpu: Gpu | None) -> Tensor:
        """Embed tokens (rows,) at a common position (1,), 0 for the first: (rows, width)."""
        if gpu is None:
            return self(tokens, position + 1)
        from voicestream.workers.inference.embedding import embed

        shift, scale = self.padding + 1, self._scale
        return embed(tokens, position, self._tokens, self._positions, shift=shift, scale=scale, padding=self.padding)


class Network:
    """The weights, ready to compute; keeps nothing of a sentence."""

    def __init__(self, model: M2M100ForConditionalGeneration, gpu: Gpu | None = None) -> None:
        """Read the weights; the model goes on to work, and the two share memory.

        Args:
            model: where it stays as long as this is used.
            gpu: whose kernels take a token; None: torch does it.
        """
        encoder, decoder = model.model.encoder, model.model.decoder
        self._source_embedding, self._answer_embedding = Embedding(encoder), Embedding(decoder)
        self._encoder = EncoderLayer.all_of(encoder.layers)
        self._encoder_norm = Norm.of(encoder.layer_norm)
        self._decoder = DecoderLayer.all_of(decoder.layers)
        self._decoder_norm = Norm.of(decoder.layer_norm)
        head: Tensor = model.lm_head.weight.detach()
        self._head = Linear(head, head.new_zeros(len(head)))
        self._heads: int = model.config.decoder_attention_heads
        self.padding = self._answer_embedding.padding
        self.device = head.device
        self.numbers = head.dtype
        self._width: int = head.shape[1]
        self.gpu = gpu
        if gpu is not None:
            for layer in self._decoder:
                for norm, linear in layer.normed():
                    fold(norm, linear)

    def cache_bytes(self, shape: Shape) -> int:
        """Memory of the two caches that a shape needs."""
        places = shape.rows * shape.positions + shape.sentences * shape.source
        return places * len(self._decoder) * 2 * self._width * self.numbers.itemsize

    def empty_cache(self, rows: int, positions: int) -> Tensor:
        """Keys and values of all layers: (layers, 2, rows, heads, positions, values of a head), zeros."""
        shape = len(self._decoder), 2, rows, self._heads, positions, self._width // self._heads
        return torch.zeros(*shape, dtype=self.numbers, device=self.device)

    def mask(self, is_seen: Tensor) -> Tensor:
        """What is added to scores of attention: 0 where something is seen, and nothing can be where not."""
        unseen = torch.full((1,), -math.inf, dtype=self.numbers, device=self.device)
        return torch.where(is_seen, torch.zeros_like(unseen), unseen)

    def read(self, source: Tensor, mask: Tensor, look: Callable[[], None]) -> Tensor:
        """Read sentences.

        Args:
            source: tokens, (sentences, tokens), padded at their ends.
            mask: which are none, as from ``mask``: (sentences, 1, 1, tokens).
            look: called before each layer; it may raise.

        Returns:
            (sentences, tokens, width).
        """
        numbers = torch.cumsum((source != self.padding).long(), 1)
        signal = self._source_embedding(source, numbers)
        for layer in self._encoder:
            look()
            query, key, value = self._split(layer.seen.query_key_value(layer.seen.norm(signal)), 3)
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            signal = layer.feed_forward(signal + layer.seen.out(seen.transpose(1, 2).reshape(*signal.shape)))
            if self.numbers == torch.float16:
                highest = torch.finfo(torch.float16).max - _HIGHEST_BUT
                signal = signal.clamp(-highest, highest)
        return self._encoder_norm(signal)

    def look_at(self, read: Tensor, cache: Tensor) -> None:
        """Put what the decoder's layers see of sentences that were read into a cache (…, sentences, …, tokens, …)."""
        for number, layer in enumerate(self._decoder):
            cache[number, 0], cache[number, 1] = self._split(layer.source.key_value(read), 2)

    def advance(self, tokens: Tensor, position: Tensor, sight: Sight) -> Tensor:
        """Take a token for each answer.

        Args:
            tokens: (rows,); the answers to one sentence follow each other.
            position: (1,), 0 for the first.
            sight: of what was said and read; the tokens' part of it is added.

        Returns:
            What the last layer makes of it: (rows, width).
        """
        stream = self._stream(self._answer_embedding.of_newest(tokens, position, self.gpu))
        for number, layer in enumerate(self._decoder):
            mixed = stream.normed(layer.said.norm, layer.said.query_key_value)
            stream.add(layer.said.out, sight.past(number, mixed))
            query = stream.normed(layer.source.norm, layer.source.query)
            stream.add(layer.source.out, sight.source(number, query))
            half = layer.feed_forward
            stream.add(half.narrow, stream.normed(half.norm, half.widen, half.activation))
        return stream.finished(self._decoder_norm)

    def scores(self, signal: Tensor) -> Tensor:
        """How well each token comes next after what ``advance`` returned: logits, (rows, tokens)."""
        if self.gpu is None:
            return functional.linear(signal, self._head.weight)
        from voicestream.workers.inference.fused_step import multiply

        return multiply(self.gpu, signal, self._head)

    def _stream(self, signal: Tensor) -> Stream:
        if self.gpu is None:
            return PlainStream(signal)
        from voicestream.workers.inference.fused_step import stream

        return stream(self.gpu, signal)

    def _split(self, mixed: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(sentences, tokens, parts * width) to parts of (sentences, heads, tokens, values of a head)."""
        sentences, tokens, _ = mixed.shape
        return mixed.view(sentences, tokens, parts, self._heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
