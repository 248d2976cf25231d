"""Speaks one text: tokens are drawn one by one, and every few of them become sound."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from voicestream.workers.tts.xtts.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from voicestream.workers.tts.xtts.conditioning import Voice
    from voicestream.workers.tts.xtts.ending import Ending
    from voicestream.workers.tts.xtts.gpt import Gpt
    from voicestream.workers.tts.xtts.sampling import Manner
    from voicestream.workers.tts.xtts.vocoder import Vocoder

FIRST_PIECES: Final = (8, 4, 4)
"""Tokens after which sound is made, from the beginning on: with eight of them the first 0.2 s are certain."""

PIECE: Final = 8
"""And from there on: 0.37 s. Sizes that followed the speed of the moment would round each sentence otherwise, and the
vocoder computes nothing twice, so that larger pieces are hardly quicker. Between two of them it can be let go of."""

_NOTHING: Final[NDArray[np.float32]] = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True)
class Utterance:
    """What is to be said, and how."""

    tokens: list[int]
    """Of the text."""
    voice: Voice
    manner: Manner
    seed: int
    speed: float


def speak(gpt: Gpt, vocoder: Vocoder, utterance: Utterance, ending: Ending) -> Iterator[NDArray[np.float32]]:
    """The sound of an utterance, piece by piece; empty where there is nothing new but time to let go of it."""
    sampler = Sampler(
        utterance.manner,
        vocabulary=gpt.vocabulary,
        start_token=gpt.start_token,
        stop_token=gpt.stop_token,
        seed=utterance.seed,
    )
    stream = vocoder.stream(utterance.voice.speaker, utterance.speed)
    latents = _latents(gpt, utterance, sampler, ending)
    sizes = itertools.chain(FIRST_PIECES, itertools.repeat(PIECE))
    size = next(sizes)
    waiting: list[torch.Tensor] = []
    for made in latents:
        if made is None:
            yield _NOTHING
            continue
        latent, is_last = made
        waiting.append(latent)
        if len(waiting) < size and not is_last:
            continue
        samples = stream.feed(torch.cat(waiting, 1), last=is_last).cpu().numpy()
        if ending.hear(samples):
            return
        yield samples
        waiting.clear()
        size = next(sizes)


def _latents(
    gpt: Gpt, utterance: Utterance, sampler: Sampler, ending: Ending
) -> Iterator[tuple[torch.Tensor, bool] | None]:
    """The latents of an utterance, and whether each is the last; None between two steps."""
    cache, latent = yield from gpt.begin(utterance.voice.read, utterance.tokens)
    for number in itertools.count():
        drawn = sampler.draw(gpt.scores(latent), may_stop=number >= ending.least_tokens)
        ending.chance(number, drawn.stop_chance)
        is_last = drawn.token == gpt.stop_token or number + 1 == ending.most_tokens
        # The latent from which the stop token was drawn is sounded, too, as coqui does.
        yield latent, is_last
        if is_last:
            return
        latent = gpt.step(cache, drawn.token, number)
        yield None
