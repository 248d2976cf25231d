"""Spec of the engine ``piper``: Piper's voices by ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.piper import model

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

RANK: Final = 180
"""Below the other human voices: a voice for one language is fetched where they have none."""


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.piper import synthesizer

    return synthesizer.load(settings, report)


def _find_weights(models: str) -> object:
    from voicestream.workers.engines.piper import voices

    return voices.find(models)


def _speaks(models: str, base: str) -> bool:
    from voicestream.workers.engines.piper import voices

    try:
        return any(voice.base == base for voice in voices.find(models).values())
    except EngineNotReadyError:
        return False


def _voices(models: str) -> VoiceList:
    """No names where none is installed, or all are damaged: loading tells the reason."""
    from voicestream.workers.engines.piper import voices

    try:
        found = voices.find(models)
    except EngineNotReadyError:
        return VoiceList()
    return VoiceList(names=list(found), also=lambda typed: typed.partition(voices.SPEAKER)[0] in found)


def _language_of(voice: str) -> str:
    code = voice.partition("-")[0]
    return model.tag_of(code) if "_" in code else ""


def spec() -> SynthesizerSpec:
    """The spec, with the models of all voices in the table."""
    return SynthesizerSpec(
        name=model.NAME,
        title=model.TITLE,
        summary="a voice for each of many languages",
        rank=RANK,
        packages=model.PACKAGES,
        install=model.INSTALL,
        models=model.models(),
        licences=model.LICENCES,
        load=_load,
        find_weights=_find_weights,
        speaks=_speaks,
        voices=_voices,
        language_of=_language_of,
    )
