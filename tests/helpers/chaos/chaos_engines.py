"""Engines that are quick and the same in every process, for runs in which workers are killed all the time.

A sentence takes some milliseconds, in several chunks, so that faults come in the midst of one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from helpers.chaos.chaos_sound import FULL_SCALE, sound_of, translated
from helpers.serving.choir import ChoirStream
from helpers.voices.plugging import offer
from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.translator import Job

NAME: Final = "chaos"

SECOND: Final = "chaos-two"
"""Name of the second translator and the second voice, which are like the first ones."""

CHUNKS: Final = 4
CHUNK_SECONDS: Final = 0.003
"""How long each chunk takes to make."""

TRANSLATION_SECONDS: Final = 0.004
"""How long a text takes."""


class ChaosTranslator:
    """Says of every text from what to what it was translated."""

    name = NAME
    device: Final = "cpu"

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Nothing to load."""
        report("nothing", None)

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - every pair
        """Every pair."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """The texts, marked as translated."""
        time.sleep(TRANSLATION_SECONDS * len(texts))
        return [translated(text, source, target) for text in texts]

    def close(self) -> None:
        """Release nothing."""


class ChaosSynthesizer:
    """Says a sentence with samples that tell which it is."""

    name = NAME
    device: Final = "cpu"
    sample_rate: Final = SAMPLE_RATE
    needs_normalized_text: Final = False
    needs_postprocessing: Final = False

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Import what is heavy."""
        import numpy as np

        report(f"numpy {np.__version__}", None)

    def max_characters(self, language: str) -> int:
        """No limit."""
        del language
        return 0

    def supports(self, language: str) -> bool:  # noqa: ARG002 - every language
        """Every language."""
        return True

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of one of our sentences.

        Raises:
            ValueError: it is none of ours.
        """
        import numpy as np

        del language, voice, seed, speed
        for chunk in np.array_split(sound_of(text), CHUNKS):
            time.sleep(CHUNK_SECONDS)
            yield (chunk / np.float64(FULL_SCALE)).astype(np.float32)

    def close(self) -> None:
        """Release nothing."""


class SecondTranslator(ChaosTranslator):
    """Another engine."""

    name = SECOND


class SecondSynthesizer(ChaosSynthesizer):
    """Another engine, which says several sentences at once."""

    name = SECOND
    max_streams = 3

    def __init__(self) -> None:
        self._streams: list[ChoirStream] = []

    def open(self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0) -> ChoirStream:
        """Begin one of our sentences."""
        import numpy as np

        del language, voice, seed, speed
        self._streams.append(ChoirStream(text, (sound_of(text) / np.float64(FULL_SCALE)).astype(np.float32)))
        return self._streams[-1]

    def advance(self) -> bool:
        """A chunk of each."""
        self._streams = [stream for stream in self._streams if not stream.is_over]
        for stream in self._streams[: self.max_streams]:
            stream.compute()
        time.sleep(CHUNK_SECONDS)
        return bool(self._streams)


def plug_in(directory: Path) -> str:
    """Make ``directory`` one that offers these engines; returns the ``PYTHONPATH`` with which they are found."""
    return offer(
        directory,
        "voicestream-chaos",
        translators={NAME: f"{__name__}:ChaosTranslator", SECOND: f"{__name__}:SecondTranslator"},
        synthesizers={NAME: f"{__name__}:ChaosSynthesizer", SECOND: f"{__name__}:SecondSynthesizer"},
    )
