"""Speaks one text: tokens are drawn one by one, and every few of them become sound."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from voicestream.workers.engines.xtts.conditioning import Voice
    from voicestream.workers.engines.xtts.decoding import Decoder, Drawn
    from voicestream.workers.engines.xtts.end_detection import Ending
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import RecordedVocoder
    from voicestream.workers.engines.xtts.vocoder.streaming import Vocoder

FIRST_PIECES: Final = (10, 4, 4)
"""Tokens after which sound is made, from the beginning on. With ten of them the first 0.3 s are certain, and 0.25 are
what is looked at before anything is heard (``heard/take.py``)."""

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
    seed: int
    speed: float


def speak(
    decoder: Decoder, vocoder: Vocoder | RecordedVocoder, utterance: Utterance, ending: Ending
) -> Iterator[NDArray[np.float32]]:
    """The sound of an utterance, piece by piece; empty where there is nothing new but time to let go of it."""
    stream = vocoder.stream(utterance.voice.speaker, utterance.speed)
    for _ in decoder.begin(utterance.voice.read, utterance.tokens, utterance.seed, ending.least_tokens):
        yield _NOTHING
    sizes = itertools.chain(FIRST_PIECES, itertools.repeat(PIECE))
    number = 0
    is_last = False
    while not is_last:
        drawing = decoder.draw(min(next(sizes), ending.most_tokens - number))
        drawn = yield from _quietly(drawing)
        for chance in drawn.stop_chances:
            ending.chance(number, chance)
            number += 1
        is_last = drawn.tokens[-1] == decoder.stop_token or number == ending.most_tokens
        # The latent from which the stop token was drawn is sounded, too, as coqui does.
        samples = stream.feed(drawn.latents, last=is_last).cpu().numpy()
        if ending.hear(samples):
            return
        yield samples


def _quietly(drawing: Generator[None, None, Drawn]) -> Generator[NDArray[np.float32], None, Drawn]:
    """What is drawn, with nothing to hear meanwhile."""
    while True:
        try:
            next(drawing)
        except StopIteration as end:
            return cast("Drawn", end.value)
        yield _NOTHING
