"""Encoder and decoder network of NLLB, from the weights of transformers, with one decoder token per row and step.

Neither control flow nor shapes depend on the values of tensors, so all of it can be captured as CUDA graphs
(``workers/inference/cuda_graphs.py``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

from voicestream.workers.engines.nllb.decoder.layers import DecoderLayer, EncoderLayer
from voicestream.workers.inference.layers import Linear, Norm, fold_layer_norm
from voicestream.workers.inference.residual_stream import TorchResidualStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from transformers import M2M100ForConditionalGeneration

    from voicestream.workers.engines.nllb.decoder.attention import CachedAttention
    from voicestream.workers.engines.nllb.decoder.buckets import Bucket
    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.residual_stream import ResidualStream

_FLOAT16_MARGIN: Final = 1000
"""Margin below the largest float16 to which transformers clamps the encoder (``M2M100EncoderLayer``)."""


class Embedding:
    """Token and position embedding of the encoder or the decoder."""

    def __init__(self, half: torch.nn.Module) -> None:
        self.padding: int = half.padding_idx
        self._tokens: Tensor = half.embed_tokens.weight.detach()
        self._scale: float = half.embed_tokens.embed_scale
        self._positions: Tensor = half.embed_positions.weights.detach().to(self._tokens.device, self._tokens.dtype)

    def __call__(self, tokens: Tensor, position_ids: Tensor) -> Tensor:
        """Embed.

        Args:
            tokens: (…).
            position_ids: 1 for the first token; broadcast.
        """
        # Padding has no position.
        rows = position_ids * (tokens != self.padding) + self.padding
        return functional.embedding(tokens, self._tokens) * self._scale + functional.embedding(rows, self._positions)

    def of_newest(self, tokens: Tensor, position: Tensor, gpu: Gpu | None) -> Tensor:
        """Embed tokens, (rows,), at a common position, (1,), 0 for the first: (rows, width)."""
        if gpu is None:
            return self(tokens, position + 1)
        from voicestream.workers.inference.embedding import embed

        position_offset, scale = self.padding + 1, self._scale
        return embed(
            tokens,
            position,
            self._tokens,
            self._positions,
            position_offset=position_offset,
            scale=scale,
            padding=self.padding,
        )


class NllbNetwork:
    """Stateless network of NLLB."""

    def __init__(self, model: M2M100ForConditionalGeneration, gpu: Gpu | None = None) -> None:
        """Take the weights of a model, which remains usable and shares its memory.

        Args:
            model: must stay on its device.
            gpu: for Triton kernels in the decoder; None: torch is used.
        """
        encoder, decoder = model.model.encoder, model.model.decoder
        self._source_embedding, self._target_embedding = Embedding(encoder), Embedding(decoder)
        self._encoder = EncoderLayer.all_of(encoder.layers)
        self._encoder_norm = Norm.of(encoder.layer_norm)
        self._decoder = DecoderLayer.all_of(decoder.layers)
        self._decoder_norm = Norm.of(decoder.layer_norm)
        head: Tensor = model.lm_head.weight.detach()
        self._head = Linear(head, head.new_zeros(len(head)))
        self._heads: int = model.config.decoder_attention_heads
        self.padding = self._target_embedding.padding
        self.device = head.device
        self.dtype = head.dtype
        self._width: int = head.shape[1]
        self.gpu = gpu
        if gpu is not None:
            for layer in self._decoder:
                for norm, linear in layer.norm_linear_pairs():
                    fold_layer_norm(norm, linear)

    def cache_bytes(self, bucket: Bucket) -> int:
        """Return the size of both KV caches of a bucket."""
        positions = bucket.rows * bucket.positions + bucket.sentences * bucket.source
        return positions * len(self._decoder) * 2 * self._width * self.dtype.itemsize

    def empty_cache(self, rows: int, positions: int) -> Tensor:
        """Allocate a KV cache of all layers: (layers, 2, rows, heads, positions, head_dim), zeros."""
        shape = len(self._decoder), 2, rows, self._heads, positions, self._width // self._heads
        return torch.zeros(*shape, dtype=self.dtype, device=self.device)

    def mask(self, is_visible: Tensor) -> Tensor:
        """Return an additive attention mask: 0 where ``is_visible``, -inf elsewhere."""
        hidden = torch.full((1,), -math.inf, dtype=self.dtype, device=self.device)
        return torch.where(is_visible, torch.zeros_like(hidden), hidden)

    def encode(self, source: Tensor, mask: Tensor, check_cancelled: Callable[[], None]) -> Tensor:
        """Encode sentences.

        Args:
            source: token ids, (sentences, tokens), padded at their ends.
            mask: of the padding, from ``mask``: (sentences, 1, 1, tokens).
            check_cancelled: called before each layer; it may raise.

        Returns:
            (sentences, tokens, width).
        """
        position_ids = torch.cumsum((source != self.padding).long(), 1)
        signal = self._source_embedding(source, position_ids)
        for layer in self._encoder:
            check_cancelled()
            query, key, value = self._split(layer.self_attention.qkv(layer.self_attention.norm(signal)), 3)
            attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            signal = layer.feed_forward(
                signal + layer.self_attention.output(attended.transpose(1, 2).reshape(*signal.shape))
            )
            if self.dtype == torch.float16:
                highest = torch.finfo(torch.float16).max - _FLOAT16_MARGIN
                signal = signal.clamp(-highest, highest)
        return self._encoder_norm(signal)

    def precompute_cross_kv(self, encoded: Tensor, cache: Tensor) -> None:
        """Precompute the keys and values of cross-attention into a cache, (…, sentences, …, tokens, …)."""
        for index, layer in enumerate(self._decoder):
            cache[index, 0], cache[index, 1] = self._split(layer.cross_attention.kv(encoded), 2)

    def forward(self, tokens: Tensor, position: Tensor, attention: CachedAttention) -> Tensor:
        """Compute one decoder step.

        Args:
            tokens: newest token of each row, (rows,); the beams of a sentence follow each other.
            position: (1,), 0 for the first.
            attention: over the KV caches, to which the keys and values of the tokens are added.

        Returns:
            The output of the last layer, (rows, width).
        """
        stream = self._stream(self._target_embedding.of_newest(tokens, position, self.gpu))
        for index, layer in enumerate(self._decoder):
            qkv = stream.norm_linear(layer.self_attention.norm, layer.self_attention.qkv)
            stream.add(layer.self_attention.output, attention.self_attention(index, qkv))
            query = stream.norm_linear(layer.cross_attention.norm, layer.cross_attention.query)
            stream.add(layer.cross_attention.output, attention.cross_attention(index, query))
            feed_forward = layer.feed_forward
            stream.add(
                feed_forward.down, stream.norm_linear(feed_forward.norm, feed_forward.up, feed_forward.activation)
            )
        return stream.final_norm(self._decoder_norm)

    def logits(self, signal: Tensor) -> Tensor:
        """Return the logits of the next token for the output of ``forward``: (rows, tokens)."""
        if self.gpu is None:
            return functional.linear(signal, self._head.weight)
        from voicestream.workers.inference.fused_step import multiply

        return multiply(self.gpu, signal, self._head)

    def _stream(self, signal: Tensor) -> ResidualStream:
        if self.gpu is None:
            return TorchResidualStream(signal)
        from voicestream.workers.inference.fused_step import residual_stream

        return residual_stream(self.gpu, signal)

    def _split(self, qkv: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Split (sentences, tokens, parts * width) into parts of (sentences, heads, tokens, head_dim)."""
        sentences, tokens, _ = qkv.shape
        return qkv.view(sentences, tokens, parts, self._heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
