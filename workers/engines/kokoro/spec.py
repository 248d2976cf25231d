"""Spec of the engine ``kokoro``: Kokoro-82M."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError
from voicestream.voices import names
from voicestream.workers.engines.kokoro.model import INSTALL, LANGUAGE_PACKAGES, LANGUAGES, MODEL, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

RANK: Final = 200


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.kokoro import synthesizer

    return synthesizer.load(settings, report)


def _packages_for(base: str) -> tuple[str, ...]:
    return LANGUAGE_PACKAGES.get(base, ())


def _find_weights(models: str) -> Path:
    from voicestream.workers.engines.kokoro import weights

    return weights.find(models)


def _voices(models: str) -> VoiceList:
    """Return no voices if the model is missing or damaged: loading reports the error."""
    from voicestream.workers.engines.kokoro import voices

    try:
        found = voices.names(_find_weights(models))
    except EngineNotReadyError:
        return VoiceList()

    def is_mix(typed: str) -> bool:
        return bool(found) and all(names.match(part, found) for part in typed.split(voices.MIX_SEPARATOR))

    return VoiceList(names=found, also=is_mix)


def _language_of(voice: str) -> str:
    from voicestream.workers.engines.kokoro import voices

    return voices.language_of(voice)


SPEC: Final = SynthesizerSpec(
    name=NAME,
    title=MODEL.title,
    summary="small, for any",
    rank=RANK,
    languages=LANGUAGES,
    packages=("onnx", "onnxruntime"),
    packages_for=_packages_for,
    install=INSTALL,
    models=(MODEL,),
    load=_load,
    find_weights=_find_weights,
    voices=_voices,
    language_of=_language_of,
)
