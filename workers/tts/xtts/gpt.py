"""The GPT of XTTS, one token a step, from coqui's weights: voice and text in, audio tokens and their latents out.

A sentence is a sequence of positions: 32 of the voice, those of the text between its start and stop token, and from
the audio's start token on one for each audio token. The positions of a voice are the same for all its sentences, so
they are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Generator

    from torch import Tensor, nn

    from voicestream.workers.tts.xtts.linear import Linear, MakeLinear

_Result = TypeVar("_Result")

LAYERS_AT_ONCE: Final = 5
"""After so many layers of a text it is looked whether it is still wanted: some 20 ms on a processor."""


@dataclass(frozen=True)
class _Norm:
    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, norm: nn.LayerNorm) -> _Norm:
        return cls(
            norm.weight.detach().to(torch.float32, copy=True), norm.bias.detach().to(torch.float32, copy=True), norm.eps
        )

    def __call__(self, signal: Tensor) -> Tensor:
        return functional.layer_norm(signal, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True)
class _Block:
    before_attention: _Norm
    query_key_value: Linear
    after_attention: Linear
    before_feed_forward: _Norm
    widen: Linear
    narrow: Linear

    @classmethod
    def of(cls, block: nn.Module, make: MakeLinear) -> _Block:
        # Transformers keeps these weights as (in, out).
        def linear(layer: nn.Module) -> Linear:
            return make(layer.weight.t(), layer.bias)

        return cls(
            _Norm.of(block.ln_1),
            linear(block.attn.c_attn),
            linear(block.attn.c_proj),
            _Norm.of(block.ln_2),
            linear(block.mlp.c_fc),
            linear(block.mlp.c_proj),
        )


@dataclass
class Cache:
    """Keys and values of the positions so far."""

    keys: Tensor
    """(layers, heads, positions, values of a head)."""
    values: Tensor
    used: int = 0
    """Positions that are filled."""


class Gpt:
    """The weights, ready to compute; keeps nothing of a sentence."""

    def __init__(self, gpt: nn.Module, make: MakeLinear, numbers: torch.dtype) -> None:
        """Read the weights.

        Args:
            gpt: a loaded ``GPT`` of coqui; it may be dropped afterwards.
            make: of what kind the linear layers are.
            numbers: of the keys and values.
        """
        self._blocks = [_Block.of(block, make) for block in gpt.gpt.h]
        self._last_norm = _Norm.of(gpt.gpt.ln_f)
        self._latent_norm = _Norm.of(gpt.final_norm)
        self._head = make(gpt.mel_head.weight, gpt.mel_head.bias)
        self._numbers = numbers
        self._heads: int = gpt.heads
        self.width: int = gpt.model_dim
        self._texts = gpt.text_embedding.weight.detach().to(torch.float32, copy=True)
        self._text_positions = gpt.text_pos_embedding.emb.weight.detach().to(torch.float32, copy=True)
        self._audio: Tensor = gpt.mel_embedding.weight.detach().to(torch.float32, copy=True)
        self._audio_positions = gpt.mel_pos_embedding.emb.weight.detach().to(torch.float32, copy=True)
        self._start_text: int = gpt.start_text_token
        self._stop_text: int = gpt.stop_text_token
        self.start_token: int = gpt.start_audio_token
        self.stop_token: int = gpt.stop_audio_token
        self.vocabulary: int = gpt.num_audio_tokens
        self.max_tokens: int = gpt.max_gen_mel_tokens
        self.max_text_tokens: int = gpt.max_text_tokens - 2

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._audio.device

    def read_voice(self, voice: Tensor) -> Cache:
        """The positions of a voice: (1, 32, width)."""
        cache = self._empty_cache(voice.shape[1])
        _finish(self._advance(voice.to(self.device, torch.float32), cache))
        return cache

    def begin(self, voice: Cache, text: list[int]) -> Generator[None, None, tuple[Cache, Tensor]]:
        """Read a text; yields at moments at which it can be let go of, and returns the cache and the first latent.

        Args:
            voice: what ``read_voice`` made; it stays as it is.
            text: its tokens, at most ``max_text_tokens``.
        """
        cache = self._empty_cache(voice.used + len(text) + 2 + 1 + self.max_tokens)
        cache.keys[:, :, : voice.used] = voice.keys
        cache.values[:, :, : voice.used] = voice.values
        cache.used = voice.used
        tokens = torch.tensor([self._start_text, *text, self._stop_text], device=self.device)
        words = self._texts[tokens] + self._text_positions[: len(tokens)]
        positions = torch.cat([words, self._audio[self.start_token, None] + self._audio_positions[:1]])
        hidden = yield from self._advance(positions[None], cache)
        return cache, self._latent(hidden)

    def step(self, cache: Cache, token: int, number: int) -> Tensor:
        """Take an audio token, the ``number``-th from 0; returns the latent from which the next one is chosen."""
        position = self._audio[token] + self._audio_positions[number + 1]
        return self._latent(_finish(self._advance(position[None, None], cache)))

    def scores(self, latent: Tensor) -> Tensor:
        """How well each audio token fits after a latent (1, 1, width): logits, (tokens,)."""
        return self._head(latent)[0, 0]

    def _latent(self, hidden: Tensor) -> Tensor:
        return self._latent_norm(self._last_norm(hidden[:, -1:]))

    def _advance(self, signal: Tensor, cache: Cache) -> Generator[None, None, Tensor]:
        """Add positions (1, steps, width) to the cache; yields now and then, and returns what the last layer made."""
        steps = signal.shape[1]
        begin, end = cache.used, cache.used + steps
        # Each new position sees all that were there, itself, and no later one.
        mask = None
        if steps > 1:
            mask = torch.ones(steps, end, dtype=torch.bool, device=signal.device).tril(begin)
        for number, block in enumerate(self._blocks):
            if number and number % LAYERS_AT_ONCE == 0:
                yield
            mixed = block.query_key_value(block.before_attention(signal)).to(self._numbers)
            mixed = mixed.view(steps, 3, self._heads, -1).permute(1, 2, 0, 3)
            query, cache.keys[number, :, begin:end], cache.values[number, :, begin:end] = mixed[0], mixed[1], mixed[2]
            seen = functional.scaled_dot_product_attention(
                query[None], cache.keys[number, None, :, :end], cache.values[number, None, :, :end], attn_mask=mask
            )
            signal = signal + block.after_attention(seen.transpose(1, 2).reshape(1, steps, self.width))
            wide = functional.gelu(block.widen(block.before_feed_forward(signal)), approximate="tanh")
            signal = signal + block.narrow(wide)
        cache.used = end
        return signal

    def _empty_cache(self, positions: int) -> Cache:
        shape = len(self._blocks), self._heads, positions, self.width // self._heads
        keys, values = (torch.empty(shape, dtype=self._numbers, device=self.device) for _ in range(2))
        return Cache(keys, values)


def _finish(steps: Generator[None, None, _Result]) -> _Result:
    """Run to the end without a break; returns what is returned there."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("_Result", end.value)
