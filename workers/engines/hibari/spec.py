"""Spec of the engine ``hibari``: an English voice whose weights come in a package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.hibari.package import INSTALL, LANGUAGES, NAME, PACKAGES

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

RANK: Final = 190


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.hibari import synthesizer

    return synthesizer.load(settings, report)


def _voices(_models: str) -> VoiceList:
    """No names where the package is missing or damaged: loading tells the reason."""
    from voicestream.workers.engines.hibari import voices

    try:
        return VoiceList(names=list(voices.find().files))
    except EngineNotReadyError:
        return VoiceList()


def _language_of(voice: str) -> str:
    from voicestream.workers.engines.hibari import voices

    try:
        return voices.find().language_of(voice)
    except EngineNotReadyError:
        return ""


SPEC: Final = SynthesizerSpec(
    name=NAME,
    title="Hibari",
    summary="English",
    rank=RANK,
    languages=LANGUAGES,
    packages=PACKAGES,
    install=INSTALL,
    weights_licence="Apache-2.0",
    uses_settings=False,
    load=_load,
    voices=_voices,
    language_of=_language_of,
)
