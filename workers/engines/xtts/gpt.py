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

from voicestream.workers.engines.xtts.kv_cache import Cache
from voicestream.workers.engines.xtts.sampling import Vocabulary
from voicestream.workers.inference.layers import Activation, Linear, Norm, fold
from voicestream.workers.inference.residual_stream import PlainStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.linear import MakeLinear
    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.layers import LinearLike
    from voicestream.workers.inference.residual_stream import Stream

    Attend = Callable[[int, Tensor], Tensor]
    """For the so-manieth layer: takes query, key and value of new positions, (1, steps, 3 * width) or without the first
    of these sizes, keeps the latter two, and says what the positions see of all that is kept, (…, width)."""

_Result = TypeVar("_Result")

VOICE_POSITIONS: Final = 32
"""Of a voice."""

LAYERS_AT_ONCE: Final = 5
"""After so many layers of a text it is looked whether it is still wanted: some 20 ms on a processor."""


@dataclass(frozen=True)
class _Block:
    before_attention: Norm
    query_key_value: LinearLike
    after_attention: LinearLike
    before_feed_forward: Norm
    widen: LinearLike
    narrow: LinearLike

    @classmethod
    def of(cls, block: nn.Module, make: MakeLinear) -> _Block:
        # Transformers keeps these weights as (in, out).
        def linear(layer: nn.Module) -> LinearLike:
            return make(layer.weight.t(), layer.bias)

        return cls(
            _exact_norm(block.ln_1),
            linear(block.attn.c_attn),
            linear(block.attn.c_proj),
            _exact_norm(block.ln_2),
            linear(block.mlp.c_fc),
            linear(block.mlp.c_proj),
        )

    def normed(self) -> Iterator[tuple[Norm, LinearLike]]:
        """Each norm, with the linear layer behind it."""
        yield self.before_attention, self.query_key_value
        yield self.before_feed_forward, self.widen


def _exact_norm(norm: nn.LayerNorm) -> Norm:
    weight, bias = (part.detach().to(torch.float32, copy=True) for part in (norm.weight, norm.bias))
    return Norm(weight, bias, norm.eps)


class Gpt:
    """The weights, ready to compute; keeps nothing of a sentence."""

    def __init__(self, gpt: nn.Module, make: MakeLinear, numbers: torch.dtype, gpu: Gpu | None = None) -> None:
        """Read the weights.

        Args:
            gpt: a loaded ``GPT`` of coqui; it may be dropped afterwards.
            make: of what kind the linear layers are.
            numbers: of the keys and values.
            gpu: whose kernels compute what can be recorded (then the layers must be ``exact``); None: torch does it.
        """
        self._blocks = [_Block.of(block, make) for block in gpt.gpt.h]
        self._last_norm = _exact_norm(gpt.gpt.ln_f)
        self._latent_norm = _exact_norm(gpt.final_norm)
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
        self.gpu = gpu
        if gpu is not None:
            for block in self._blocks:
                for norm, linear in block.normed():
                    assert isinstance(linear, Linear)  # noqa: S101 - see above
                    fold(norm, linear)

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
        cache.begin_with(voice)
        tokens = torch.tensor(self.framed(text), device=self.device)
        words = self._texts[tokens] + self._text_positions[: len(tokens)]
        positions = torch.cat([words, self._audio[self.vocabulary.start, None] + self._audio_positions[:1]])
        hidden = yield from self._add(positions[None], cache)
        return self._latent(hidden)

    def step(self, cache: Cache, token: Tensor, number: Tensor) -> Tensor:
        """Take an audio token, the ``number``-th from 0 (both (1,)); returns the latent that says the next one."""
        return self._latent(finish(self._add(self._position(token, number), cache)))

    def framed(self, text: list[int]) -> list[int]:
        """A text between its start and stop token."""
        return [self._start_text, *text, self._stop_text]

    def fixed_begin(self, cache: Cache, tokens: Tensor, count: Tensor) -> Tensor:
        """Read a text as ``begin`` does, but nothing in it depends on which it is: it can be recorded and repeated.

        Args:
            cache: that begins with a voice; behind the last position of the text anything is left in it.
            tokens: of the text with its frame, and anything behind it up to a fixed length.
            count: how many of them are the text's, (1,).
        """
        begin, end = cache.used, cache.used + len(tokens)
        places = torch.arange(len(tokens), device=self.device)
        known = places.clamp(max=len(self._text_positions) - 1)
        words = self._texts.index_select(0, tokens) + self._text_positions.index_select(0, known)
        start = self._audio[self.vocabulary.start] + self._audio_positions[0]
        signal = torch.where((places == count)[:, None], start, words)
        mask = torch.ones(len(tokens), end, dtype=torch.bool, device=self.device).tril(begin)

        def attend(layer: int, mixed: Tensor) -> Tensor:
            return self._see(cache.both[layer, :, :, :end], begin, mixed, mask)

        made = self._through(signal, attend)
        return self._latent(made.index_select(0, count)[None])

    def fixed_step(self, cache: Cache, token: Tensor, number: Tensor, place: Tensor) -> Tensor:
        """Likewise for an audio token, as ``step`` does: nothing in it depends on how far the sentence is.

        Args:
            cache: of which all positions are looked at, but those after ``place`` count for nothing.
            token: (1,).
            number: (1,).
            place: of the token in the cache, (1,).
        """
        if self.gpu is not None:
            from voicestream.workers.inference.attention import MANY, see_past

            gpu = self.gpu

            def attend(layer: int, mixed: Tensor) -> Tensor:
                return see_past(gpu, mixed, cache.both[layer, :, None], place, places=MANY)
        else:
            mask = (torch.arange(cache.size, device=self.device) <= place)[None, None]

            def attend(layer: int, mixed: Tensor) -> Tensor:
                query, new = self._split(mixed)
                cache.both[layer].index_copy_(2, place, new)
                return self._joined(query, cache.both[layer], mask)

        return self._latent(self._through(self._newest(token, number), attend)[None])

    def scores(self, latent: Tensor) -> Tensor:
        """How well each audio token fits after a latent (1, 1, width): logits, (tokens,)."""
        if self.gpu is None:
            return self._head(latent)[0, 0]
        from voicestream.workers.inference.fused_step import multiply

        assert isinstance(self._head, Linear)  # noqa: S101 - with kernels they are exact
        return multiply(self.gpu, latent[0], self._head)[0]

    def most_positions(self, voice: int, text: int) -> int:
        """Those of a voice, of a text between its start and stop token, of the start token, and of all audio tokens."""
        return voice + text + 2 + 1 + self.vocabulary.max_tokens

    def empty_cache(self, positions: int) -> Cache:
        """Room for so many."""
        shape = len(self._blocks), 2, self._heads, positions, self.width // self._heads
        return Cache(torch.zeros(*shape, dtype=self._numbers, device=self.device))

    def _newest(self, token: Tensor, number: Tensor) -> Tensor:
        """The position of an audio token, (1, width)."""
        if self.gpu is None:
            return self._position(token, number)[0]
        from voicestream.workers.inference.embedding import embed

        return embed(token, number, self._audio, self._audio_positions, shift=1)

    def _position(self, token: Tensor, number: Tensor) -> Tensor:
        position: Tensor = self._audio.index_select(0, token) + self._audio_positions.index_select(0, number + 1)
        return position[None]

    def _latent(self, normed: Tensor) -> Tensor:
        return self._latent_norm(normed[:, -1:])

    def _add(self, signal: Tensor, cache: Cache) -> Generator[None, None, Tensor]:
        """Add positions (1, steps, width) to the cache; yields now and then, and returns what the last norm made."""
        steps = signal.shape[1]
        begin, end = cache.used, cache.used + steps
        # Each new position sees all that were there, itself, and no later one.
        mask = None
        if steps > 1:
            mask = torch.ones(steps, end, dtype=torch.bool, device=signal.device).tril(begin)

        def attend(layer: int, mixed: Tensor) -> Tensor:
            return self._see(cache.both[layer, :, :, :end], begin, mixed, mask)

        made = yield from self._layers(PlainStream(signal), attend)
        cache.used = end
        return made

    def _through(self, signal: Tensor, attend: Attend) -> Tensor:
        """All layers and the last norm, without a break: (steps, width) to the same."""
        if self.gpu is None:
            return finish(self._layers(PlainStream(signal), attend))
        from voicestream.workers.inference.fused_step import stream

        return finish(self._layers(stream(self.gpu, signal), attend))

    def _layers(self, stream: Stream, attend: Attend) -> Generator[None, None, Tensor]:
        """All layers and the last norm; yields now and then."""
        for number, block in enumerate(self._blocks):
            if number and number % LAYERS_AT_ONCE == 0:
                yield
            mixed = stream.normed(block.before_attention, block.query_key_value)
            stream.add(block.after_attention, attend(number, mixed))
            wide = stream.normed(block.before_feed_forward, block.widen, Activation.GELU)
            stream.add(block.narrow, wide)
        return stream.finished(self._last_norm)

    def _see(self, cache: Tensor, begin: int, mixed: Tensor, mask: Tensor | None) -> Tensor:
        """Keep keys and values from a position to the end of a layer's cache, and look at all of it."""
        query, new = self._split(mixed)
        cache[:, :, begin:] = new
        return self._joined(query, cache, mask)

    def _split(self, mixed: Tensor) -> tuple[Tensor, Tensor]:
        """(…, steps, 3 * width) to queries (heads, steps, values of a head), and keys and values (2, the same)."""
        parts = mixed.to(self._numbers).view(mixed.shape[-2], 3, self._heads, -1).permute(1, 2, 0, 3)
        return parts[0], parts[1:]

    def _joined(self, query: Tensor, cache: Tensor, mask: Tensor | None) -> Tensor:
        """What queries see, as ``Attend`` says."""
        seen = functional.scaled_dot_product_attention(query[None], cache[None, 0], cache[None, 1], attn_mask=mask)
        return seen[0].transpose(0, 1).reshape(query.shape[1], self.width)


def finish(steps: Generator[None, None, _Result]) -> _Result:
    """Run to the end without a break; returns what is returned there."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("_Result", end.value)
