"""Streaming synthesis of one text: audio tokens are sampled, and the vocoder turns each chunk into sound."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from voicestream.workers.engines.xtts.conditioning import ConditionedVoice
    from voicestream.workers.engines.xtts.decoding import AudioTokenDecoder, SampledTokens
    from voicestream.workers.engines.xtts.end_detection import EndDetector
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder
    from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder

FIRST_CHUNKS: Final = (10, 4, 4)
"""Tokens of the first chunks. Ten of them determine the first 0.3 s; postprocessing needs 0.25 s before its first
output (``postprocessing/attempt.py``)."""

CHUNK_TOKENS: Final = 8
"""Tokens of later chunks: 0.37 s. The size is fixed, because rounding depends on it, and larger chunks are hardly
faster: the vocoder computes nothing twice. Synthesis can be cancelled between chunks."""

_EMPTY: Final[NDArray[np.float32]] = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True)
class Utterance:
    """Text and voice of one synthesis."""

    tokens: list[int]
    """Token ids of the text."""
    voice: ConditionedVoice
    seed: int
    speed: float


def synthesize(
    decoder: AudioTokenDecoder,
    vocoder: StreamingVocoder | CapturedVocoder,
    utterance: Utterance,
    end_detector: EndDetector,
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of an utterance in chunks; empty ones are points for cancellation only."""
    stream = vocoder.stream(utterance.voice.speaker_embedding, utterance.speed)
    for _ in decoder.prefill(utterance.voice.kv_cache, utterance.tokens, utterance.seed, end_detector.min_tokens):
        yield _EMPTY
    sizes = itertools.chain(FIRST_CHUNKS, itertools.repeat(CHUNK_TOKENS))
    index = 0
    is_last = False
    while not is_last:
        sampling = decoder.sample(min(next(sizes), end_detector.token_limit - index))
        sampled = yield from _sample(sampling)
        for probability in sampled.stop_probabilities:
            end_detector.record_stop_probability(index, probability)
            index += 1
        is_last = sampled.tokens[-1] == decoder.stop_token or index == end_detector.token_limit
        # As in coqui, the latent of the stop token is vocoded, too.
        samples = stream.feed(sampled.latents, last=is_last).cpu().numpy()
        if end_detector.feed(samples):
            return
        yield samples


def _sample(sampling: Generator[None, None, SampledTokens]) -> Generator[NDArray[np.float32], None, SampledTokens]:
    """Sample the next tokens; yields empty chunks for cancellation."""
    while True:
        try:
            next(sampling)
        except StopIteration as end:
            return cast("SampledTokens", end.value)
        yield _EMPTY
