"""Self- and cross-attention of the newest tokens over the KV caches: in torch, or with Triton kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu


class CachedAttention(Protocol):
    """Attention of one step over the KV caches of a batch."""

    def self_attention(self, layer: int, qkv: Tensor) -> Tensor:
        """Attend to the output so far: (rows, width). Key and value in ``qkv``, (rows, 3 * width), are cached."""
        ...

    def cross_attention(self, layer: int, query: Tensor) -> Tensor:
        """Attend to the source sentences: (rows, width)."""
        ...


class TorchAttention:
    """``CachedAttention`` in torch."""

    def __init__(
        self, decoder_kv: Tensor, encoder_kv: Tensor, position: Tensor, self_mask: Tensor, source_mask: Tensor
    ) -> None:
        """Take KV caches, (layers, 2, …, heads, positions, head_dim).

        Args:
            decoder_kv: of the decoder, cut to the positions to attend to.
            encoder_kv: of the encoder.
            position: of the newest token, (1,).
            self_mask: of the positions in the decoder cache, from ``NllbNetwork.mask``.
            source_mask: of the positions in the encoder cache.
        """
        self._decoder_kv, self._encoder_kv, self._position = decoder_kv, encoder_kv, position
        self._self_mask, self._source_mask = self_mask, source_mask

    def self_attention(self, layer: int, qkv: Tensor) -> Tensor:
        """See ``CachedAttention``."""
        cache = self._decoder_kv[layer]
        rows, heads = cache.shape[1:3]
        split = qkv.view(rows, 3, heads, 1, -1)
        cache.index_copy_(3, self._position, split[:, 1:].transpose(0, 1))
        attended = functional.scaled_dot_product_attention(split[:, 0], cache[0], cache[1], attn_mask=self._self_mask)
        return attended.reshape(rows, -1)

    def cross_attention(self, layer: int, query: Tensor) -> Tensor:
        """See ``CachedAttention``."""
        cache = self._encoder_kv[layer]
        sentences, heads = cache.shape[1:3]
        # The beams of a sentence share its source, so they are treated as positions of one query.
        queries = query.view(sentences, len(query) // sentences, heads, -1).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(queries, cache[0], cache[1], attn_mask=self._source_mask)
        return attended.transpose(1, 2).reshape(*query.shape)


class FusedAttention:
    """``CachedAttention`` with kernels that attend to the valid positions only."""

    def __init__(
        self,
        gpu: Gpu,
        decoder_kv: Tensor,
        encoder_kv: Tensor,
        *,
        position: Tensor,
        indirection: Tensor | None,
        lengths: Tensor,
    ) -> None:
        """Take KV caches as ``TorchAttention`` does.

        Args:
            gpu: the device.
            decoder_kv: of the decoder.
            encoder_kv: of the encoder.
            position: of the newest token, (1,).
            indirection: row of the cache that holds each row's entry, (rows, positions); None: its own row.
            lengths: tokens of each sentence.
        """
        self._gpu, self._decoder_kv, self._encoder_kv = gpu, decoder_kv, encoder_kv
        self._position, self._indirection, self._lengths = position, indirection, lengths

    def self_attention(self, layer: int, qkv: Tensor) -> Tensor:
        """See ``CachedAttention``."""
        from voicestream.workers.inference import attention

        return attention.self_attention(
            self._gpu,
            qkv,
            self._decoder_kv[layer],
            self._position,
            tile=attention.SHORT_CONTEXT,
            indirection=self._indirection,
        )

    def cross_attention(self, layer: int, query: Tensor) -> Tensor:
        """See ``CachedAttention``."""
        from voicestream.workers.inference import attention

        return attention.cross_attention(self._gpu, query, self._encoder_kv[layer], self._lengths)
