"""Null engines: with them, a sentence takes only the time of the pipeline around the engines.

They are installed like any plug-in: ``plug_in`` writes the metadata of a distribution, and its directory is added to
the ``PYTHONPATH`` of the measured supervisor. So users never see them in a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec
from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job

NAME: Final = "idle"

FRAMES: Final = SAMPLE_RATE // 10
"""0.1 s of audio: one segment of one slot."""


class IdleTranslator:
    """Translator that returns every text unchanged."""

    name = NAME
    device = "cpu"

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - every pair
        """Support every pair."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - see the class
        """Return the texts."""
        return list(texts)

    def close(self) -> None:
        """Do nothing."""


class IdleSynthesizer:
    """Synthesizer that returns the same precomputed 0.1 s for every text."""

    name = NAME
    device = "cpu"
    sample_rate = SAMPLE_RATE
    needs_normalized_text = False
    needs_postprocessing = False

    def __init__(self) -> None:
        import numpy as np  # noqa: PLC0415 - the specs below are read by processes that have no use for it

        self._sound: NDArray[np.float32] = np.full(FRAMES, 0.25, dtype=np.float32)

    def max_characters(self, language: str) -> int:
        """Return 0: no limit."""
        del language
        return 0

    def supports(self, language: str) -> bool:  # noqa: ARG002 - every language
        """Support every language."""
        return True

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the same chunk of ``FRAMES`` mono samples."""
        del text, language, voice, seed, speed
        yield self._sound

    def close(self) -> None:
        """Do nothing."""


def _load_translator(_settings: EngineSettings, _report: Report) -> IdleTranslator:
    return IdleTranslator()


def _load_synthesizer(_settings: EngineSettings, report: Report) -> IdleSynthesizer:
    report("making a tenth of a second", None)
    return IdleSynthesizer()


TRANSLATOR: Final = TranslatorSpec(name=NAME, title="idle", load=_load_translator)
SYNTHESIZER: Final = SynthesizerSpec(name=NAME, title="idle", load=_load_synthesizer)


def plug_in(directory: Path) -> None:
    """Write metadata into ``directory`` so that it offers these engines when it is on ``PYTHONPATH``."""
    information = directory / "voicestream_idle-0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: voicestream-idle\nVersion: 0\n")
    (information / "entry_points.txt").write_text(
        f"[voicestream.translators]\n{NAME} = {__name__}:TRANSLATOR\n\n"
        f"[voicestream.synthesizers]\n{NAME} = {__name__}:SYNTHESIZER\n"
    )
