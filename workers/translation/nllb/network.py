"""NLLB's network, from the weights of transformers: reads sentences once, then takes one token an answer and step.

Nothing here decides by what is in a tensor, and no shape depends on it: on a GPU all of it can be recorded
(``workers/captured.py``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

from voicestream.workers.translation.nllb.layers import DecoderLayer, EncoderLayer, Norm

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from transformers import M2M100ForConditionalGeneration

    from voicestream.workers.translation.nllb.shapes import Shape

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


class Network:
    """The weights, ready to compute; keeps nothing of a sentence."""

    def __init__(self, model: M2M100ForConditionalGeneration) -> None:
        """Read the weights; the model goes on to work, and the two share memory.

        Args:
            model: where it stays as long as this is used.
        """
        encoder, decoder = model.model.encoder, model.model.decoder
        self._source_embedding, self._answer_embedding = Embedding(encoder), Embedding(decoder)
        self._encoder = EncoderLayer.all_of(encoder.layers)
        self._encoder_norm = Norm.of(encoder.layer_norm)
        self._decoder = DecoderLayer.all_of(decoder.layers)
        self._decoder_norm = Norm.of(decoder.layer_norm)
        self._head: Tensor = model.lm_head.weight.detach()
        self._heads: int = model.config.decoder_attention_heads
        self.padding = self._answer_embedding.padding
        self.device = self._head.device
        self.numbers = self._head.dtype

    def cache_bytes(self, shape: Shape) -> int:
        """Memory of the two caches that a shape needs."""
        places = shape.rows * shape.positions + shape.sentences * shape.source
        return places * len(self._decoder) * 2 * self._head.shape[1] * self._head.element_size()

    def empty_cache(self, rows: int, positions: int) -> Tensor:
        """Keys and values of all layers: (layers, 2, rows, heads, positions, values of a head), zeros."""
        width = self._head.shape[1]
        shape = len(self._decoder), 2, rows, self._heads, positions, width // self._heads
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

    def advance(self, tokens: Tensor, position: Tensor, said: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Take a token for each answer.

        Args:
            tokens: (rows,); the answers to one sentence follow each other.
            position: (1,), 0 for the first.
            said: the cache of the answers, as many positions of it as are looked at; the token's are put into it.
            source: the cache of the sentences.
            mask: of the sentences, as for ``read``.

        Returns:
            What the last layer makes of it: (rows, width).
        """
        rows, sentences, beams = len(tokens), len(mask), len(tokens) // len(mask)
        signal = self._answer_embedding(tokens, position + 1)
        past = self.mask(torch.arange(said.shape[4], device=self.device) <= position).view(1, 1, 1, -1)
        for number, layer in enumerate(self._decoder):
            mixed = layer.said.query_key_value(layer.said.norm(signal)).view(rows, 3, self._heads, 1, -1)
            said[number].index_copy_(3, position, mixed[:, 1:].transpose(0, 1))
            seen = functional.scaled_dot_product_attention(
                mixed[:, 0], said[number, 0], said[number, 1], attn_mask=past
            )
            signal = signal + layer.said.out(seen.reshape(*signal.shape))
            # To attention, the answers to one sentence are positions of one: what they see of it is the same.
            query = layer.source.query(layer.source.norm(signal)).view(sentences, beams, self._heads, -1)
            seen = functional.scaled_dot_product_attention(
                query.transpose(1, 2), source[number, 0], source[number, 1], attn_mask=mask
            )
            signal = layer.feed_forward(signal + layer.source.out(seen.transpose(1, 2).reshape(*signal.shape)))
        return self._decoder_norm(signal)

    def scores(self, signal: Tensor) -> Tensor:
        """How well each token comes next after what ``advance`` returned: logits, (rows, tokens)."""
        return functional.linear(signal, self._head)

    def _split(self, mixed: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(sentences, tokens, parts * width) to parts of (sentences, heads, tokens, values of a head)."""
        sentences, tokens, _ = mixed.shape
        return mixed.view(sentences, tokens, parts, self._heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
