"""A voice engine that says back the sample of the voice it is told to speak with, whatever the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.voices.plugging import offer
from voicestream.errors import UsageError
from voicestream.voices import cleaning, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream


class Parrot:
    name = "parrot"
    device = "cpu"
    sample_rate = sample.SAMPLE_RATE
    needs_normalized_text = False
    needs_postprocessing = False

    def max_characters(self, language: str) -> int:
        del language
        return 0

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing to load", None)

    def supports(self, language: str) -> bool:
        return bool(language)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        del text, language, seed, speed
        if not voice.startswith("/"):
            raise UsageError(f'a parrot has no voice "{voice}"')
        yield cleaning.read(voice).samples

    def close(self) -> None:
        pass


def plant(place: Voicestream) -> None:
    """Make it known to the workers of a place."""
    place.environment["PYTHONPATH"] = offer(
        place.home / "site", "a-parrot", synthesizers={"parrot": f"{__name__}:Parrot"}
    )
