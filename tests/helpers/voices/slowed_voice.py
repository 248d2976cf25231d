"""A real voice engine that rests between its chunks, so that its worker can be killed in mid-sentence."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

NAME: Final = "slowed"
_ENGINE: Final = "VOICESTREAM_TEST_SLOWED"
_REST_SECONDS: Final = 0.1


class SlowedVoice(PlainVoice):
    """The samples of the engine that the environment names, later."""

    name: Final = NAME
    needs_normalized_text = True
    needs_postprocessing = True

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Load the engine."""
        self._engine = engine_loading.load_synthesizer(os.environ[_ENGINE], report)
        self.sample_rate = self._engine.sample_rate

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Its chunks."""
        for chunk in self._engine.synthesize(text, language, voice, seed, speed=speed):
            yield chunk
            time.sleep(_REST_SECONDS)

    def close(self) -> None:
        """Release the engine."""
        self._engine.close()


def plug_in(place: Voicestream, engine: str) -> None:
    """Make it known in a place, around an engine."""
    place.environment["PYTHONPATH"] = offer(
        place.home / "voices", "voicestream-slowed", synthesizers={NAME: f"{__name__}:SlowedVoice"}
    )
    place.environment[_ENGINE] = engine
