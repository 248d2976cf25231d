"""A voice whose speed and chunks a test decides; its samples count, so that a listener knows each of them."""

from __future__ import annotations

import itertools
import os
import re
import time
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

NAME: Final = "slow"
RATE: Final = 24_000
SECONDS_A_CHARACTER: Final = 0.08
"""About what a person takes."""

_SPEED: Final = "VOICESTREAM_TEST_SPEED"
_CHUNKS: Final = "VOICESTREAM_TEST_CHUNKS"
LATENCY_SECONDS: Final = 0.3
"""Before it begins with the first chunk."""

_STRIDE: Final = 400_000
"""Numbers for each sentence."""


def frames_of(text: str) -> int:
    """How many samples say a text."""
    return round(len(text) * SECONDS_A_CHARACTER * RATE)


def first_of(text: str) -> int:
    """The number of its first sample: a text says which sentence it is."""
    found = re.search(r"\d+", text)
    assert found is not None, text
    return int(found[0]) * _STRIDE


class SlowVoice(PlainVoice):
    """Counts as quickly as it is told to."""

    name: Final = NAME
    sample_rate = RATE

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The ramp of a text, each chunk at its time."""
        import numpy as np

        from helpers.audio.pulse import ramp

        del language, voice, seed, speed
        samples = np.frombuffer(ramp(first_of(text), frames_of(text)), np.float32)
        sizes = [float(size) for size in os.environ[_CHUNKS].split()]
        due = time.monotonic() + LATENCY_SECONDS
        at = 0
        for size in itertools.chain(sizes, itertools.repeat(sizes[-1])):
            chunk = samples[at : at + round(size * RATE)]
            due += len(chunk) / RATE / float(os.environ[_SPEED])
            time.sleep(max(0.0, due - time.monotonic()))
            yield chunk.copy()
            at += len(chunk)
            if at >= len(samples):
                return


def plug_in(place: Voicestream, speed: float, chunks: tuple[float, ...]) -> None:
    """Make it known in a place: it makes so many seconds of sound in a second, in chunks of so many seconds."""
    place.environment["PYTHONPATH"] = offer(
        place.home / "voices", "voicestream-slow", synthesizers={NAME: f"{__name__}:SlowVoice"}
    )
    place.environment |= {_SPEED: str(speed), _CHUNKS: " ".join(map(str, chunks))}
