"""Spec of the engine ``kokoro``: Kokoro-82M."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError
from voicestream.models.catalogue import Model
from voicestream.voices import names

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

NAME: Final = "kokoro"
INSTALL: Final = "pip install 'voicestream[kokoro]'"
RANK: Final = 200

MODEL: Final = Model(
    name="kokoro-82m-v1.0",
    title="Kokoro",
    engine=NAME,
    licence="apache-2.0",
    repository="onnx-community/Kokoro-82M-v1.0-ONNX",
    required=("config.json", "tokenizer.json", "voices/*.bin"),
    optional=(),
    # In 8 bits it is a quarter of that, noisier, and slower where a processor cannot multiply these itself.
    weights=(("onnx/model.onnx",), ("onnx/model_quantized.onnx",)),
    download_bytes=354_000_000,
    disk_bytes=354_000_000,
    memory_bytes=900_000_000,
)


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.kokoro import synthesizer

    return synthesizer.load(settings, report)


def _find_weights(models: str) -> Path:
    from voicestream.workers.engines.kokoro import weights

    return weights.find(models)


def _voices(models: str) -> VoiceList:
    """None where it is not installed, or damaged: whoever loads it says so."""
    from voicestream.workers.engines.kokoro import voices

    try:
        found = voices.names(_find_weights(models))
    except EngineNotReadyError:
        return VoiceList()

    def is_mix(typed: str) -> bool:
        return bool(found) and all(names.match(part, found) for part in typed.split(voices.MIXED))

    return VoiceList(names=found, also=is_mix)


def _language_of(voice: str) -> str:
    from voicestream.workers.engines.kokoro import voices

    return voices.language_of(voice)


SPEC: Final = SynthesizerSpec(
    name=NAME,
    title=MODEL.title,
    summary="small, for any",
    rank=RANK,
    languages=frozenset("en es fr hi it ja pt zh".split()),
    packages=("onnx", "onnxruntime"),
    install=INSTALL,
    models=(MODEL,),
    load=_load,
    find_weights=_find_weights,
    voices=_voices,
    language_of=_language_of,
)
