"""Spec of the engine ``xtts``: coqui's XTTS v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.xtts.model import INSTALL, LANGUAGES, MODEL, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

RANK: Final = 300


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.xtts import synthesizer

    return synthesizer.load(settings, report)


def _find_weights(models: str) -> Path:
    from voicestream.workers.engines.xtts import weights

    return weights.find(models)


def _voices(models: str) -> VoiceList:
    """Return no voices if the model is missing or damaged: loading reports the error."""
    from voicestream.workers.engines.xtts import built_in_voices

    try:
        return VoiceList(built_in_voices.names(_find_weights(models)))
    except EngineNotReadyError:
        return VoiceList()


SPEC: Final = SynthesizerSpec(
    name=NAME,
    title="XTTS",
    summary="17 languages, clones voices, not for commercial purposes",
    rank=RANK,
    languages=LANGUAGES,
    packages=("TTS", "torch"),
    install=INSTALL,
    models=(MODEL,),
    takes_samples=True,
    batches=True,
    load=_load,
    find_weights=_find_weights,
    voices=_voices,
)
