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

from voicestream.workers.tts.xtts.sampling import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from torch import Tensor, nn

    from voicestream.workers.tts.xtts.linear import Linear, MakeLinear

_Result = TypeVar("_Result")

VOICE_POSITIONS: Final = 32
"""Of a voice."""

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

    def beginning(self, positions: int) -> Cache:
        """The first so many positions, as a part of the same memory."""
        return Cache(self.keys[:, :, :positions], self.values[:, :, :positions])


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
        self.vocabulary: Final = Vocabulary(
            size=gpt.num_audio_tokens,
            start=gpt.start_audio_token,
            stop=gpt.stop_audio_token,
            max_tokens=gpt.max_gen_mel_tokens,
        )
        self.max_text_tokens: int = gpt.max_text_tokens - 2

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._audio.device

    def read_voice(self, voice: Tensor) -> Cache:
        """The positions of a voice: (1, 32, width)."""
        cache = self.empty_cache(voice.shape[1])
        finish(self._add(voice.to(self.device, torch.float32), cache))
        return cache

    def begin(self, cache: Cache, voice: Cache, text: list[int]) -> Generator[None, None, Tensor]:
        """Read a text; yields at moments at which it can be let go of, and returns the first latent.

        Args:
            cache: where its positions go, from the first on; with room for the tokens that follow.
            voice: what ``read_voice`` made; it stays as it is.
            text: its tokens, at most ``max_text_tokens``.
        """
        cache.keys[:, :, : voice.used] = voice.keys
        cache.values[:, :, : voice.used] = voice.values
        cache.used = voice.used
        tokens = torch.tensor([self._start_text, *text, self._stop_text], device=self.device)
        words = self._texts[tokens] + self._text_positions[: len(tokens)]
        positions = torch.cat([words, self._audio[self.vocabulary.start, None] + self._audio_positions[:1]])
        hidden = yield from self._add(positions[None], cache)
        return self._latent(hidden)

    def step(self, cache: Cache, token: Tensor, number: Tensor) -> Tensor:
        """Take an audio token, the ``number``-th from 0 (both (1,)); returns the latent that says the next one."""
        return self._latent(finish(self._add(self._position(token, number), cache)))

    def fixed_step(self, cache: Cache, token: Tensor, number: Tensor, place: Tensor) -> Tensor:
        """Likewise, but nothing in it depends on how far the sentence is: all of it can be recorded and repeated.

        Args:
            cache: of which all positions are looked at, but those after ``place`` count for nothing.
            token: (1,).
            number: (1,).
            place: of the token in the cache, (1,).
        """
        places = torch.arange(cache.keys.shape[2], device=self.device)
        mask = (places <= place)[None, None, None]

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            keys, values = cache.keys[layer], cache.values[layer]
            keys.index_copy_(1, place, key)
            values.index_copy_(1, place, value)
            return functional.scaled_dot_product_attention(query[None], keys[None], values[None], attn_mask=mask)

        return self._latent(finish(self._layers(self._position(token, number), attend)))

    def scores(self, latent: Tensor) -> Tensor:
        """How well each audio token fits after a latent (1, 1, width): logits, (tokens,)."""
        return self._head(latent)[0, 0]

    def most_positions(self, voice: int, text: int) -> int:
        """Those of a voice, of a text between its start and stop token, of the start token, and of all audio tokens."""
        return voice + text + 2 + 1 + self.vocabulary.max_tokens

    def empty_cache(self, positions: int) -> Cache:
        """Room for so many."""
        shape = len(self._blocks), self._heads, positions, self.width // self._heads
        keys, values = (torch.zeros(*shape, dtype=self._numbers, device=self.device) for _ in range(2))
        return Cache(keys, values)

    def _position(self, token: Tensor, number: Tensor) -> Tensor:
        position: Tensor = self._audio.index_select(0, token) + self._audio_positions.index_select(0, number + 1)
        return position[None]

    def _latent(self, hidden: Tensor) -> Tensor:
        return self._latent_norm(self._last_norm(hidden[:, -1:]))

    def _add(self, signal: Tensor, cache: Cache) -> Generator[None, None, Tensor]:
        """Add positions (1, steps, width) to the cache; yields now and then, and returns what the last layer made."""
        steps = signal.shape[1]
        begin, end = cache.used, cache.used + steps
        # Each new position sees all that were there, itself, and no later one.
        mask = None
        if steps > 1:
            mask = torch.ones(steps, end, dtype=torch.bool, device=signal.device).tril(begin)

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            cache.keys[layer, :, begin:end] = key
            cache.values[layer, :, begin:end] = value
            keys, values = cache.keys[layer, None, :, :end], cache.values[layer, None, :, :end]
            return functional.scaled_dot_product_attention(query[None], keys, values, attn_mask=mask)

        made = yield from self._layers(signal, attend)
        cache.used = end
        return made

    def _layers(
        self, signal: Tensor, attend: Callable[[int, Tensor, Tensor, Tensor], Tensor]
    ) -> Generator[None, None, Tensor]:
        """All layers.

        Args:
            signal: (1, steps, width).
            attend: keeps key and value of the new positions of a layer, and looks with its query at what is kept: each
                is (heads, steps, values of a head).
        """
        steps = signal.shape[1]
        for number, block in enumerate(self._blocks):
            if number and number % LAYERS_AT_ONCE == 0:
                yield
            mixed = block.query_key_value(block.before_attention(signal)).to(self._numbers)
            mixed = mixed.view(steps, 3, self._heads, -1).permute(1, 2, 0, 3)
            seen = attend(number, mixed[0], mixed[1], mixed[2])
            signal = signal + block.after_attention(seen.transpose(1, 2).reshape(1, steps, self.width))
            wide = functional.gelu(block.widen(block.before_feed_forward(signal)), approximate="tanh")
            signal = signal + block.narrow(wide)
        return signal


def finish(steps: Generator[None, None, _Result]) -> _Result:
    """Run to the end without a break; returns what is returned there."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("_Result", end.value)
