"""A voice whose sound has to be looked at: it runs on, and of some texts its first attempt is silent."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

NAME: Final = "careless"
SILENT_AT_FIRST: Final = "silent at first"
CHUNK_SECONDS: Final = 0.25
WORK_SECONDS: Final = 0.05
"""For each chunk."""


def seconds_of(text: str) -> float:
    """How long it speaks before it runs on."""
    return 0.07 * len(text)


class CarelessVoice(PlainVoice):
    """Says a text, is quiet, and goes on with words that nobody asked for."""

    name: Final = NAME
    sample_rate = 22_050
    needs_postprocessing = True

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of a text and more, the same for the same seed."""
        from helpers.audio.sounds import cut, quiet, sound, speech

        del language, voice, speed
        rate = self.sample_rate
        is_silent = SILENT_AT_FIRST in text and seed == zlib.crc32(text.encode())
        made = sound(
            quiet(0.2, 0.0005, rate=rate, seed=seed % 1000),
            speech(seconds_of(text), rate=rate, seed=seed % 1000),
            quiet(0.8, 0.0005, rate=rate, seed=seed % 1000),
            speech(60.0, rate=rate),
        )
        if is_silent:
            made[:] = 0
        for chunk in cut(made, [round(CHUNK_SECONDS * rate)]):
            time.sleep(WORK_SECONDS)
            yield chunk


def plug_in(place: Voicestream) -> None:
    """Make it known in a place."""
    place.environment["PYTHONPATH"] = offer(
        place.home / "careless", "voicestream-careless", synthesizers={NAME: f"{__name__}:CarelessVoice"}
    )
