"""Autoregressive GPT of XTTS with a KV cache, from coqui's weights: voice and text in, audio tokens and latents out.

A sentence is a sequence of positions: 32 of the voice, those of the text with its start and stop token, and one for
each audio token, the start token first. The positions of a voice are the same for all sentences, so they are computed
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.kv_cache import KvCache
from voicestream.workers.engines.xtts.sampling import AudioVocabulary
from voicestream.workers.inference.layers import Activation, Linear, Norm, fold_layer_norm
from voicestream.workers.inference.residual_stream import TorchResidualStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.linear import LinearFactory
    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.layers import LinearLike
    from voicestream.workers.inference.residual_stream import ResidualStream
    from voicestream.workers.inference.slots.launches import SlotCache

    Attend = Callable[[int, Tensor], Tensor]
    """Cached attention of the layer with an index: takes qkv of new positions, (1, steps, 3 * width) or without the
    first dimension, adds keys and values to the cache, and returns the attention output, (…, width)."""

_Result = TypeVar("_Result")

VOICE_POSITIONS: Final = 32
"""Positions of a voice."""

LAYERS_PER_YIELD: Final = 5
"""Layers of a text between two cancellation checks: about 20 ms on a CPU."""


@dataclass(frozen=True)
class _Block:
    attention_norm: Norm
    qkv: LinearLike
    attention_output: LinearLike
    feed_forward_norm: Norm
    up: LinearLike
    down: LinearLike

    @classmethod
    def of(cls, block: nn.Module, make_linear: LinearFactory) -> _Block:
        # Conv1D of transformers stores weights as (in, out).
        def linear(layer: nn.Module) -> LinearLike:
            return make_linear(layer.weight.t(), layer.bias)

        return cls(
            _exact_norm(block.ln_1),
            linear(block.attn.c_attn),
            linear(block.attn.c_proj),
            _exact_norm(block.ln_2),
            linear(block.mlp.c_fc),
            linear(block.mlp.c_proj),
        )

    def norm_linear_pairs(self) -> Iterator[tuple[Norm, LinearLike]]:
        """Yield each layer norm with the linear layer that follows it."""
        yield self.attention_norm, self.qkv
        yield self.feed_forward_norm, self.up


def _exact_norm(norm: nn.LayerNorm) -> Norm:
    weight, bias = (part.detach().to(torch.float32, copy=True) for part in (norm.weight, norm.bias))
    return Norm(weight, bias, norm.eps)


class Gpt:
    """Stateless GPT network."""

    def __init__(self, gpt: nn.Module, make_linear: LinearFactory, dtype: torch.dtype, gpu: Gpu | None = None) -> None:
        """Copy the weights.

        Args:
            gpt: a loaded ``GPT`` of coqui; it may be dropped afterwards.
            make_linear: creates the linear layers.
            dtype: of the KV cache.
            gpu: for Triton kernels in the static steps, which need the layers of ``linear.in_dtype``; None: torch.
        """
        self._blocks = [_Block.of(block, make_linear) for block in gpt.gpt.h]
        self._last_norm = _exact_norm(gpt.gpt.ln_f)
        self._latent_norm = _exact_norm(gpt.final_norm)
        self._head = make_linear(gpt.mel_head.weight, gpt.mel_head.bias)
        self._dtype = dtype
        self._heads: int = gpt.heads
        self.width: int = gpt.model_dim
        self._text_embedding = gpt.text_embedding.weight.detach().to(torch.float32, copy=True)
        self._text_positions = gpt.text_pos_embedding.emb.weight.detach().to(torch.float32, copy=True)
        self._audio_embedding: Tensor = gpt.mel_embedding.weight.detach().to(torch.float32, copy=True)
        self._audio_positions = gpt.mel_pos_embedding.emb.weight.detach().to(torch.float32, copy=True)
        self._start_text: int = gpt.start_text_token
        self._stop_text: int = gpt.stop_text_token
        self.vocabulary: Final = AudioVocabulary(
            size=gpt.num_audio_tokens,
            start=gpt.start_audio_token,
            stop=gpt.stop_audio_token,
            max_tokens=gpt.max_gen_mel_tokens,
        )
        self.max_text_tokens: int = gpt.max_text_tokens - 2
        self.gpu = gpu
        if gpu is not None:
            for block in self._blocks:
                for norm, linear in block.norm_linear_pairs():
                    assert isinstance(linear, Linear)  # noqa: S101 - required with ``gpu``
                    fold_layer_norm(norm, linear)

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self._audio_embedding.device

    def encode_voice(self, voice: Tensor) -> KvCache:
        """Return the KV cache of the conditioning latents of a voice, (1, 32, width)."""
        cache = self.empty_cache(voice.shape[1])
        run_to_end(self._append(voice.to(self.device, torch.float32), cache))
        return cache

    def prefill(self, cache: KvCache, voice: KvCache, text: list[int]) -> Generator[None, None, Tensor]:
        """Process a text; yields where it can be cancelled, and returns the first latent.

        Args:
            cache: filled from its first position on; with room for the audio tokens.
            voice: from ``encode_voice``; not changed.
            text: token ids, at most ``max_text_tokens``.
        """
        cache.copy_from(voice)
        tokens = torch.tensor(self.add_boundaries(text), device=self.device)
        words = self._text_embedding[tokens] + self._text_positions[: len(tokens)]
        positions = torch.cat([words, self._audio_embedding[self.vocabulary.start, None] + self._audio_positions[:1]])
        hidden = yield from self._append(positions[None], cache)
        return self._latent(hidden)

    def step(self, cache: KvCache, token: Tensor, index: Tensor) -> Tensor:
        """Process an audio token and its index from 0, both (1,); return the latent of the next token."""
        return self._latent(run_to_end(self._append(self._embed(token, index), cache)))

    def add_boundaries(self, text: list[int]) -> list[int]:
        """Return a text with its start and stop token."""
        return [self._start_text, *text, self._stop_text]

    def static_prefill(self, cache: KvCache, tokens: Tensor, count: Tensor) -> Tensor:
        """Process a text as ``prefill`` does, with static shapes and control flow, for CUDA graph capture.

        Args:
            cache: starts with a voice; undefined after the last position of the text.
            tokens: ids of the text with start and stop token, padded arbitrarily to a fixed length.
            count: of the tokens without padding, (1,).
        """
        begin, end = cache.length, cache.length + len(tokens)
        offsets = torch.arange(len(tokens), device=self.device)
        position_rows = offsets.clamp(max=len(self._text_positions) - 1)
        words = self._text_embedding.index_select(0, tokens) + self._text_positions.index_select(0, position_rows)
        start = self._audio_embedding[self.vocabulary.start] + self._audio_positions[0]
        signal = torch.where((offsets == count)[:, None], start, words)
        mask = torch.ones(len(tokens), end, dtype=torch.bool, device=self.device).tril(begin)

        def attend(layer: int, qkv: Tensor) -> Tensor:
            return self._cached_attention(cache.kv[layer, :, :, :end], begin, qkv, mask)

        hidden = self._forward(signal, attend)
        return self._latent(hidden.index_select(0, count)[None])

    def static_step(self, cache: KvCache, token: Tensor, index: Tensor, position: Tensor) -> Tensor:
        """Process an audio token as ``step`` does, with static shapes and control flow, for CUDA graph capture.

        Args:
            cache: positions after ``position`` are masked.
            token: (1,).
            index: of the audio token, (1,).
            position: of the token in the cache, (1,).
        """
        if self.gpu is not None:
            from voicestream.workers.inference.attention import LONG_CONTEXT, self_attention

            gpu = self.gpu

            def attend(layer: int, qkv: Tensor) -> Tensor:
                return self_attention(gpu, qkv, cache.kv[layer, :, None], position, tile=LONG_CONTEXT)
        else:
            mask = (torch.arange(cache.size, device=self.device) <= position)[None, None]

            def attend(layer: int, qkv: Tensor) -> Tensor:
                query, new = self._split_qkv(qkv)
                cache.kv[layer].index_copy_(2, position, new)
                return self._attention(query, cache.kv[layer], mask)

        return self._latent(self._forward(self._embed_newest(token, index), attend)[None])

    def slot_prefill(self, kv: Tensor, tokens: Tensor, counts: Tensor) -> Tensor:
        """Process texts as ``static_prefill`` does, each in a row of its own, with Triton kernels: (rows, width).

        Args:
            kv: (layers, 2, rows, heads, positions, head_dim); each row starts with a voice.
            tokens: ids of the texts with start and stop token, padded arbitrarily, (rows, length).
            counts: of the tokens without padding, (rows,).
        """
        rows, length = tokens.shape
        begin, end = VOICE_POSITIONS, VOICE_POSITIONS + length
        offsets = torch.arange(length, device=self.device)
        words = self._text_embedding[tokens] + self._text_positions[offsets.clamp(max=len(self._text_positions) - 1)]
        start = self._audio_embedding[self.vocabulary.start] + self._audio_positions[0]
        signal = torch.where((offsets == counts[:, None])[..., None], start, words).view(rows * length, self.width)
        mask = torch.ones(length, end, dtype=torch.bool, device=self.device).tril(begin)

        def attend(layer: int, qkv: Tensor) -> Tensor:
            query, *new = qkv.view(rows, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            kv[layer, :, :, :, begin:end] = torch.stack(new)
            keys, values = kv[layer, :, :, :, :end].unbind(0)
            attended = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
            return attended.transpose(1, 2).reshape(rows * length, self.width)

        hidden = self._forward(signal, attend)
        return self._slot_latents(hidden[torch.arange(rows, device=self.device) * length + counts])

    def slot_step(self, cache: SlotCache, slots: Tensor) -> Tensor:
        """Process the newest audio token of each slot with Triton kernels; return the latents of the next ones.

        Args:
            cache: state of the slots.
            slots: slot of each row, (rows,).

        Returns:
            (rows, width); that of a row does not depend on the other rows.
        """
        from voicestream.workers.inference.slots.launches import embed_slots, paged_attention
        from voicestream.workers.inference.slots.stream import SlotStream

        assert self.gpu is not None  # noqa: S101 - required
        gpu = self.gpu
        signal = embed_slots(cache, slots, self._audio_embedding, self._audio_positions, position_offset=1)

        def attend(layer: int, qkv: Tensor) -> Tensor:
            return paged_attention(gpu, cache, layer, slots, qkv)

        stream = SlotStream(gpu, signal, weight_bytes=self._dtype.itemsize)
        return self._slot_latents(run_to_end(self._layers(stream, attend)))

    def slot_logits(self, latents: Tensor) -> Tensor:
        """Return the logits of the next audio tokens for latents, (rows, width): (rows, tokens)."""
        from voicestream.workers.inference.slots.stream import SlotStream

        assert self.gpu is not None  # noqa: S101 - required
        assert isinstance(self._head, Linear)  # noqa: S101 - required with ``gpu``
        stream = SlotStream(self.gpu, latents, weight_bytes=self._dtype.itemsize)
        return stream.multiply(latents.to(self._dtype), self._head)

    def _slot_latents(self, normed: Tensor) -> Tensor:
        from voicestream.workers.inference.kernel_launches import add_layer_norm

        assert self.gpu is not None  # noqa: S101 - required
        norm = self._latent_norm
        return add_layer_norm(self.gpu, normed, epsilon=norm.epsilon, norm=norm)

    def logits(self, latent: Tensor) -> Tensor:
        """Return the logits of the next audio token for a latent, (1, 1, width): (tokens,)."""
        if self.gpu is None:
            return self._head(latent)[0, 0]
        from voicestream.workers.inference.fused_step import multiply

        assert isinstance(self._head, Linear)  # noqa: S101 - required with ``gpu``
        return multiply(self.gpu, latent[0], self._head)[0]

    def max_positions(self, voice: int, text: int) -> int:
        """Return the positions of a voice, a framed text, the audio start token, and all audio tokens."""
        return voice + text + 2 + 1 + self.vocabulary.max_tokens

    @property
    def cache_shape(self) -> tuple[int, int, int]:
        """Layers, heads and head_dim of a cache."""
        return len(self._blocks), self._heads, self.width // self._heads

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of a cache."""
        return self._dtype

    def empty_cache(self, positions: int) -> KvCache:
        """Allocate a cache."""
        shape = len(self._blocks), 2, self._heads, positions, self.width // self._heads
        return KvCache(torch.zeros(*shape, dtype=self._dtype, device=self.device))

    def _embed_newest(self, token: Tensor, index: Tensor) -> Tensor:
        """Embed an audio token, (1, width)."""
        if self.gpu is None:
            return self._embed(token, index)[0]
        from voicestream.workers.inference.embedding import embed

        return embed(token, index, self._audio_embedding, self._audio_positions, position_offset=1)

    def _embed(self, token: Tensor, index: Tensor) -> Tensor:
        embedding: Tensor = self._audio_embedding.index_select(0, token) + self._audio_positions.index_select(
            0, index + 1
        )
        return embedding[None]

    def _latent(self, normed: Tensor) -> Tensor:
        return self._latent_norm(normed[:, -1:])

    def _append(self, signal: Tensor, cache: KvCache) -> Generator[None, None, Tensor]:
        """Append positions, (1, steps, width), to the cache; yields for cancellation, and returns the normed output."""
        steps = signal.shape[1]
        begin, end = cache.length, cache.length + steps
        # Causal mask.
        mask = None
        if steps > 1:
            mask = torch.ones(steps, end, dtype=torch.bool, device=signal.device).tril(begin)

        def attend(layer: int, qkv: Tensor) -> Tensor:
            return self._cached_attention(cache.kv[layer, :, :, :end], begin, qkv, mask)

        hidden = yield from self._layers(TorchResidualStream(signal), attend)
        cache.length = end
        return hidden

    def _forward(self, signal: Tensor, attend: Attend) -> Tensor:
        """Apply all layers and the last norm without yielding, (steps, width)."""
        if self.gpu is None:
            return run_to_end(self._layers(TorchResidualStream(signal), attend))
        from voicestream.workers.inference.fused_step import residual_stream

        return run_to_end(self._layers(residual_stream(self.gpu, signal), attend))

    def _layers(self, stream: ResidualStream, attend: Attend) -> Generator[None, None, Tensor]:
        """Apply all layers and the last norm; yields for cancellation."""
        for index, block in enumerate(self._blocks):
            if index and index % LAYERS_PER_YIELD == 0:
                yield
            qkv = stream.norm_linear(block.attention_norm, block.qkv)
            stream.add(block.attention_output, attend(index, qkv))
            activated = stream.norm_linear(block.feed_forward_norm, block.up, Activation.GELU)
            stream.add(block.down, activated)
        return stream.final_norm(self._last_norm)

    def _cached_attention(self, cache: Tensor, begin: int, qkv: Tensor, mask: Tensor | None) -> Tensor:
        """Store keys and values from a position to the end of a layer's cache, and attend to all of it."""
        query, new = self._split_qkv(qkv)
        cache[:, :, begin:] = new
        return self._attention(query, cache, mask)

    def _split_qkv(self, qkv: Tensor) -> tuple[Tensor, Tensor]:
        """Split (…, steps, 3 * width) into queries, (heads, steps, head_dim), and keys and values, (2, the same)."""
        parts = qkv.to(self._dtype).view(qkv.shape[-2], 3, self._heads, -1).permute(1, 2, 0, 3)
        return parts[0], parts[1:]

    def _attention(self, query: Tensor, cache: Tensor, mask: Tensor | None) -> Tensor:
        """Attend to a cache; see ``Attend``."""
        attended = functional.scaled_dot_product_attention(query[None], cache[None, 0], cache[None, 1], attn_mask=mask)
        return attended[0].transpose(0, 1).reshape(query.shape[1], self.width)


def run_to_end(steps: Generator[None, None, _Result]) -> _Result:
    """Run a generator to its end, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("_Result", end.value)
