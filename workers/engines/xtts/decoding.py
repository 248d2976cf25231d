"""Sampling of the audio tokens of a sentence: eagerly, or on a GPU with captured CUDA graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import torch

from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.engines.xtts.sampling import Sampler
from voicestream.workers.inference.cuda_graphs import CapturedStep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from torch import Tensor

    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.kv_cache import KvCache
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.inference.cuda_graphs import GraphPool

    Step = Callable[[], None]


@dataclass(frozen=True)
class SampledTokens:
    """Consecutive sampled tokens."""

    latents: Tensor
    """Latent that each token was sampled from, (1, tokens, width)."""
    tokens: list[int]
    stop_probabilities: list[float]
    """Probability of the stop token at each token."""


class AudioTokenDecoder(Protocol):
    """Decoder of one sentence at a time into audio tokens."""

    @property
    def stop_token(self) -> int:
        """Token that ends a sentence."""
        ...

    def prefill(self, voice: KvCache, text: list[int], seed: int, min_tokens: int) -> Generator[None]:
        """Process the text and sample the first token; yields where the sentence can be cancelled."""
        ...

    def sample(self, count: int) -> Generator[None, None, SampledTokens]:
        """Return the next ``count`` tokens, or up to the stop token; yields where it can be cancelled."""
        ...


class EagerDecoder:
    """``AudioTokenDecoder`` without CUDA graphs; it reads each token, so it makes no step after the stop token."""

    def __init__(self, gpt: Gpt, parameters: SamplingParameters) -> None:
        self._gpt = gpt
        self.stop_token: Final = gpt.vocabulary.stop
        self._sampler = Sampler(parameters, gpt.vocabulary, gpt.device)
        self._index = torch.zeros(1, dtype=torch.long, device=gpt.device)
        self._cache: KvCache | None = None
        self._token = torch.zeros(1, dtype=torch.long, device=gpt.device)
        self._next: tuple[Tensor, Tensor, Tensor] | None = None
        """Latent, token and stop probability that were sampled and not returned yet."""

    def prefill(self, voice: KvCache, text: list[int], seed: int, min_tokens: int) -> Generator[None]:
        """See ``AudioTokenDecoder``."""
        gpt = self._gpt
        self._sampler.reset(seed, min_tokens)
        self._cache = gpt.empty_cache(gpt.max_positions(voice.length, len(text)))
        latent = yield from gpt.prefill(self._cache, voice, text)
        self._index.zero_()
        self._next = latent, *self._sampler.sample(gpt.logits(latent), self._index)

    def sample(self, count: int) -> Generator[None, None, SampledTokens]:
        """See ``AudioTokenDecoder``."""
        gpt = self._gpt
        latents: list[Tensor] = []
        tokens: list[int] = []
        probabilities: list[float] = []
        while len(tokens) < count:
            if self._next is None:
                assert self._cache is not None  # noqa: S101 - prefill() comes first
                latent = gpt.step(self._cache, self._token, self._index)
                self._index += 1
                self._next = latent, *self._sampler.sample(gpt.logits(latent), self._index)
                yield
            latent, self._token, probability = self._next
            self._next = None
            latents.append(latent)
            tokens.append(int(self._token.item()))
            probabilities.append(probability.item())
            if tokens[-1] == self.stop_token:
                break
        return SampledTokens(torch.cat(latents, 1), tokens, probabilities)


BUCKETS: Final = (192, 320, 576)
"""Positions that a step of torch attends to, so that a short sentence does not attend to the whole cache. The Triton
kernels attend to valid positions only, and need no buckets."""

TEXT_BUCKETS: Final = (24, 48, 96, 192)
"""Positions to which a text is padded, with its start and stop token and the start of the audio."""


class CapturedDecoder:
    """``AudioTokenDecoder`` with CUDA graphs: one for the text, one for a step with its sampling.

    The device is not waited for between the steps of a chunk; tokens after a stop token are dropped.
    """

    def __init__(self, gpt: Gpt, parameters: SamplingParameters, pool: GraphPool) -> None:
        """Allocate the buffers; ``pool``: memory of the CUDA graphs."""
        vocabulary = gpt.vocabulary
        self._gpt = gpt
        self.stop_token: Final = vocabulary.stop
        self._sampler = Sampler(parameters, vocabulary, gpt.device)
        max_positions = gpt.max_positions(VOICE_POSITIONS, gpt.max_text_tokens)
        self._cache = gpt.empty_cache(max_positions)
        self._buckets = [*(bucket for bucket in BUCKETS if bucket < max_positions and gpt.gpu is None), max_positions]
        longest = gpt.max_text_tokens + 3
        self._text_buckets = [*(bucket for bucket in TEXT_BUCKETS if bucket < longest), longest]

        def zeros(size: int = 1) -> Tensor:
            return torch.zeros(size, dtype=torch.long, device=gpt.device)

        self._text, self._text_count = zeros(longest), zeros()
        self._token, self._index, self._position = zeros(), zeros(), zeros()
        self._latent = torch.zeros(1, 1, gpt.width, device=gpt.device)
        """Latent of the first token."""
        self._latents = torch.zeros(1, vocabulary.max_tokens, gpt.width, device=gpt.device)
        self._tokens = zeros(vocabulary.max_tokens)
        self._probabilities = torch.zeros(vocabulary.max_tokens, device=gpt.device)
        self._prefill_steps = {bucket: CapturedStep(self._prefill_for(bucket), pool) for bucket in self._text_buckets}
        self._first_step = CapturedStep(lambda: self._sample(self._latent), pool)
        self._steps = {bucket: CapturedStep(self._step_for(bucket), pool) for bucket in self._buckets}
        self._first_position = 0
        self._sampled = self._returned = 0

    def capture(self) -> None:
        """Capture all steps, one for each bucket; the contents of the buffers are lost.

        Raises:
            RuntimeError: out of memory.
        """
        for step in (*self._prefill_steps.values(), self._first_step, *self._steps.values()):
            for tensor in (self._text, self._text_count, self._index, self._position):
                tensor.zero_()
            step.capture()

    def prefill(self, voice: KvCache, text: list[int], seed: int, min_tokens: int) -> Generator[None]:
        """See ``AudioTokenDecoder``."""
        add_boundaries = self._gpt.add_boundaries(text)
        self._cache.copy_from(voice)
        self._text[: len(add_boundaries)] = torch.tensor(add_boundaries)
        self._text_count.fill_(len(add_boundaries))
        self._prefill_steps[next(bucket for bucket in self._text_buckets if bucket > len(add_boundaries))]()
        # The noise is generated on the CPU while the GPU processes the text.
        self._sampler.reset(seed, min_tokens)
        self._index.zero_()
        self._first_step()
        self._first_position = voice.length + len(add_boundaries) + 1
        self._position.fill_(self._first_position)
        self._sampled, self._returned = 1, 0
        yield

    def sample(self, count: int) -> Generator[None, None, SampledTokens]:
        """See ``AudioTokenDecoder``."""
        end = min(self._returned + count, self._gpt.vocabulary.max_tokens)
        while self._sampled < end:
            position = self._first_position + self._sampled - 1
            self._steps[next(bucket for bucket in self._buckets if bucket > position)]()
            self._sampled += 1
        yield
        start, self._returned = self._returned, end
        tokens = [int(token) for token in self._tokens[start:end].cpu().numpy()]
        if self.stop_token in tokens:
            del tokens[tokens.index(self.stop_token) + 1 :]
        end = start + len(tokens)
        probabilities = [float(probability) for probability in self._probabilities[start:end].cpu().numpy()]
        return SampledTokens(self._latents[:, start:end].clone(), tokens, probabilities)

    def _prefill_for(self, bucket: int) -> Step:
        cache = self._cache.view(VOICE_POSITIONS + bucket)
        cache.length = VOICE_POSITIONS

        def prefill() -> None:
            self._latent.copy_(self._gpt.static_prefill(cache, self._text[:bucket], self._text_count))

        return prefill

    def _step_for(self, bucket: int) -> Step:
        cache = self._cache.view(bucket)

        def step() -> None:
            latent = self._gpt.static_step(cache, self._token, self._index, self._position)
            self._index += 1
            self._sample(latent)
            self._position += 1

        return step

    def _sample(self, latent: Tensor) -> None:
        """Sample from a latent, and store the result at its index."""
        token, probability = self._sampler.sample(self._gpt.logits(latent), self._index)
        self._token.copy_(token)
        self._latents.index_copy_(1, self._index, latent)
        self._tokens.index_copy_(0, self._index, token)
        self._probabilities.index_copy_(0, self._index, probability)
