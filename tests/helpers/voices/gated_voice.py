"""A voice that speaks no sentence before a test lets it: a session can then be left behind on any machine."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

NAME: Final = "gated"
FRAMES: Final = 2_400
"""Of each sentence."""
FAILURE: Final = "this voice cannot say 13"

_VARIABLE: Final = "VOICESTREAM_TEST_GATE"


def texts(first: int, count: int) -> list[str]:
    """Sentences with ascending numbers, long enough for the voice to be waited for (its job's deadline grows)."""
    return [f"Sentence {first + number} of the agent {'is a long one, and ' * 8}has an end." for number in range(count)]


class GatedVoice(PlainVoice):
    """Waits for the file that is the gate, then gives samples that tell the number in the text; cannot say 13."""

    name: Final = NAME

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """One chunk."""
        import numpy as np

        del language, voice, seed, speed
        found = re.search(r"\d+", text)
        assert found is not None, text
        gate = Path(os.environ[_VARIABLE])
        while not gate.exists():
            time.sleep(0.005)
        if found[0] == "13":
            raise ValueError(FAILURE)
        yield np.full(FRAMES, int(found[0]) / 1000, np.float32)


class Gate:
    """Keeps the voice silent until it is opened."""

    def __init__(self, place: Voicestream) -> None:
        self._path = place.home / "gate"
        self._path.unlink(missing_ok=True)
        voices = place.home / "voices"
        if not voices.exists():
            place.environment["PYTHONPATH"] = offer(
                voices, "voicestream-gated", synthesizers={NAME: f"{__name__}:GatedVoice"}
            )
        place.environment[_VARIABLE] = str(self._path)

    def open(self) -> None:
        """The voice speaks."""
        self._path.touch()

    def close(self) -> None:
        """It waits again."""
        self._path.unlink()
