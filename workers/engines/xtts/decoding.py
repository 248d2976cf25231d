"""Draws the tokens of a sentence one by one: plainly, or on a GPU as one recorded step that is repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import torch

from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.engines.xtts.sampling import Sampler
from voicestream.workers.inference.cuda_graphs import Captured

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from torch import Tensor

    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.kv_cache import Cache
    from voicestream.workers.engines.xtts.sampling import Manner
    from voicestream.workers.inference.cuda_graphs import Pool

    Step = Callable[[], None]


@dataclass(frozen=True)
class Drawn:
    """Some tokens in a row."""

    latents: Tensor
    """(1, tokens, width), from which each was drawn."""
    tokens: list[int]
    stop_chances: list[float]
    """Of the stop token, when each was drawn."""


class Decoder(Protocol):
    """Decodes one sentence after another."""

    @property
    def stop_token(self) -> int:
        """The token with which a sentence ends."""
        ...

    def begin(self, voice: Cache, text: list[int], seed: int, least_tokens: int) -> Generator[None]:
        """Read a text and draw the first token; yields at moments at which the sentence can be let go of."""
        ...

    def draw(self, count: int) -> Generator[None, None, Drawn]:
        """The next tokens, from the first one on; no more than up to the stop token."""
        ...


class PlainDecoder:
    """A ``Decoder`` that looks at each token, and so goes no step too far."""

    def __init__(self, gpt: Gpt, manner: Manner) -> None:
        self._gpt = gpt
        self.stop_token: Final = gpt.vocabulary.stop
        self._sampler = Sampler(manner, gpt.vocabulary, gpt.device)
        self._number = torch.zeros(1, dtype=torch.long, device=gpt.device)
        self._cache: Cache | None = None
        self._token = torch.zeros(1, dtype=torch.long, device=gpt.device)
        self._next: tuple[Tensor, Tensor, Tensor] | None = None
        """Latent, token and chance to stop that were drawn and not given yet."""

    def begin(self, voice: Cache, text: list[int], seed: int, least_tokens: int) -> Generator[None]:
        """As ``Decoder`` says."""
        gpt = self._gpt
        self._sampler.begin(seed, least_tokens)
        self._cache = gpt.empty_cache(gpt.most_positions(voice.used, len(text)))
        latent = yield from gpt.begin(self._cache, voice, text)
        self._number.zero_()
        self._next = latent, *self._sampler.draw(gpt.scores(latent), self._number)

    def draw(self, count: int) -> Generator[None, None, Drawn]:
        """As ``Decoder`` says."""
        gpt = self._gpt
        latents: list[Tensor] = []
        tokens: list[int] = []
        chances: list[float] = []
        while len(tokens) < count:
            if self._next is None:
                assert self._cache is not None  # noqa: S101 - begin() comes first
                latent = gpt.step(self._cache, self._token, self._number)
                self._number += 1
                self._next = latent, *self._sampler.draw(gpt.scores(latent), self._number)
                yield
            latent, self._token, chance = self._next
            self._next = None
            latents.append(latent)
            tokens.append(int(self._token.item()))
            chances.append(chance.item())
            if tokens[-1] == self.stop_token:
                break
        return Drawn(torch.cat(latents, 1), tokens, chances)


BUCKETS: Final = (192, 320, 576)
"""Positions at which a step looks, all of them each time: a short sentence should not look at those of a long one.
Kernels of our own look at what there is, and need no buckets."""

TEXT_BUCKETS: Final = (24, 48, 96, 192)
"""Positions of a text, with its frame and the start of its sound, to which it is filled up."""


class RecordedDecoder:
    """A ``Decoder`` whose work is recorded as CUDA graphs once and then repeated: a text, and a step with its draw.

    Nothing is asked of the device between the steps of a piece; what was drawn after a stop token is dropped.
    """

    def __init__(self, gpt: Gpt, manner: Manner, pool: Pool) -> None:
        """``pool``: where recordings keep what they need."""
        vocabulary = gpt.vocabulary
        self._gpt = gpt
        self.stop_token: Final = vocabulary.stop
        self._sampler = Sampler(manner, vocabulary, gpt.device)
        most = gpt.most_positions(VOICE_POSITIONS, gpt.max_text_tokens)
        self._cache = gpt.empty_cache(most)
        self._buckets = [*(bucket for bucket in BUCKETS if bucket < most and gpt.gpu is None), most]
        longest = gpt.max_text_tokens + 3
        self._text_buckets = [*(bucket for bucket in TEXT_BUCKETS if bucket < longest), longest]

        def numbers(size: int = 1) -> Tensor:
            return torch.zeros(size, dtype=torch.long, device=gpt.device)

        self._text, self._text_count = numbers(longest), numbers()
        self._token, self._number, self._place = numbers(), numbers(), numbers()
        self._latent = torch.zeros(1, 1, gpt.width, device=gpt.device)
        """From which the first token is drawn."""
        self._latents = torch.zeros(1, vocabulary.max_tokens, gpt.width, device=gpt.device)
        self._tokens = numbers(vocabulary.max_tokens)
        self._chances = torch.zeros(vocabulary.max_tokens, device=gpt.device)
        self._texts = {bucket: Captured(self._text_in(bucket), pool) for bucket in self._text_buckets}
        self._first = Captured(lambda: self._keep(self._latent), pool)
        self._steps = {bucket: Captured(self._step_in(bucket), pool) for bucket in self._buckets}
        self._first_place = 0
        self._drawn = self._given = 0

    def record(self) -> None:
        """Record all, as often as there are numbers of positions; what is in it is lost.

        Raises:
            RuntimeError: there is not enough memory.
        """
        for recording in (*self._texts.values(), self._first, *self._steps.values()):
            for tensor in (self._text, self._text_count, self._number, self._place):
                tensor.zero_()
            recording.capture()

    def begin(self, voice: Cache, text: list[int], seed: int, least_tokens: int) -> Generator[None]:
        """As ``Decoder`` says."""
        framed = self._gpt.framed(text)
        self._cache.begin_with(voice)
        self._text[: len(framed)] = torch.tensor(framed)
        self._text_count.fill_(len(framed))
        self._texts[next(bucket for bucket in self._text_buckets if bucket > len(framed))]()
        # While the text is read, chance is prepared.
        self._sampler.begin(seed, least_tokens)
        self._number.zero_()
        self._first()
        self._first_place = voice.used + len(framed) + 1
        self._place.fill_(self._first_place)
        self._drawn, self._given = 1, 0
        yield

    def draw(self, count: int) -> Generator[None, None, Drawn]:
        """As ``Decoder`` says."""
        end = min(self._given + count, self._gpt.vocabulary.max_tokens)
        while self._drawn < end:
            place = self._first_place + self._drawn - 1
            self._steps[next(bucket for bucket in self._buckets if bucket > place)]()
            self._drawn += 1
        yield
        begin, self._given = self._given, end
        tokens = [int(token) for token in self._tokens[begin:end].cpu().numpy()]
        if self.stop_token in tokens:
            del tokens[tokens.index(self.stop_token) + 1 :]
        end = begin + len(tokens)
        chances = [float(chance) for chance in self._chances[begin:end].cpu().numpy()]
        return Drawn(self._latents[:, begin:end].clone(), tokens, chances)

    def _text_in(self, bucket: int) -> Step:
        cache = self._cache.beginning(VOICE_POSITIONS + bucket)
        cache.used = VOICE_POSITIONS

        def read() -> None:
            self._latent.copy_(self._gpt.fixed_begin(cache, self._text[:bucket], self._text_count))

        return read

    def _step_in(self, bucket: int) -> Step:
        cache = self._cache.beginning(bucket)

        def step() -> None:
            latent = self._gpt.fixed_step(cache, self._token, self._number, self._place)
            self._number += 1
            self._keep(latent)
            self._place += 1

        return step

    def _keep(self, latent: Tensor) -> None:
        """Draw from a latent, and keep what came of it at the place of its number."""
        token, chance = self._sampler.draw(self._gpt.scores(latent), self._number)
        self._token.copy_(token)
        self._latents.index_copy_(1, self._number, latent)
        self._tokens.index_copy_(0, self._number, token)
        self._chances.index_copy_(0, self._number, chance)
