"""A voice that speaks English alone, and a translator that fails with some texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer_specs
from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec
from voicestream.errors import EngineNotReadyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Job, Translator

FRAMES: Final = 4_800
"""Of each English sentence: 0.2 s, shorter than anything that a real voice says."""

LEFT_ALONE: Final = "left alone"
"""Mark of a sentence that the translator leaves untranslated."""


class EnglishVoice(PlainVoice):
    """The same sound for every text."""

    name: Final = "english"

    def supports(self, language: str) -> bool:
        return language.startswith("en")

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """One chunk."""
        import numpy as np

        del text, language, voice, seed, speed
        yield np.full(FRAMES, 0.25, np.float32)


class HalfTranslator:
    """Gives texts back in capital letters, and fails with some."""

    name: Final = "half"
    device: Final = "cpu"

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - every pair
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        if any(LEFT_ALONE in text for text in texts):
            raise UsageError("it has no words for that")
        return [text.upper() for text in texts]

    def close(self) -> None:
        """Nothing to let go of."""


def _load_voice(_settings: EngineSettings, _report: Report) -> Synthesizer:
    return EnglishVoice()


def _load_nothing(_settings: EngineSettings, _report: Report) -> Synthesizer:
    raise EngineNotReadyError("it has lost its weights", hint="Try: another voice")


def _load_translator(_settings: EngineSettings, _report: Report) -> Translator:
    return HalfTranslator()


ENGLISH: Final = SynthesizerSpec(
    name="english", title="English", rank=900, languages=frozenset({"en"}), load=_load_voice
)
BROKEN: Final = SynthesizerSpec(
    name="broken", title="Broken", rank=950, languages=frozenset({"en"}), load=_load_nothing
)
HALF: Final = TranslatorSpec(name="half", title="Half", load=_load_translator)


def plug_in(directory: Path, *, is_broken: bool = False) -> str:
    """Make ``directory`` one that offers these engines; returns the ``PYTHONPATH`` with which they are found."""
    voice = ("broken", "BROKEN") if is_broken else ("english", "ENGLISH")
    entries = {
        "voicestream.synthesizers": {voice[0]: f"{__name__}:{voice[1]}"},
        "voicestream.translators": {"half": f"{__name__}:HALF"},
    }
    return offer_specs(directory, "voicestream-language-voices", entries)
