"""Spec of the engine ``espeak``: espeak-ng, part of the base install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.errors import EngineNotReadyError

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer

RANK: Final = 100


def _load(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.espeak import synthesizer

    return synthesizer.load(settings, report)


def _voices(_models: str) -> VoiceList:
    """Return the voices in the data of the package; unknown if it cannot be read."""
    from pathlib import Path

    from voicestream.workers.espeak_ng import voices

    try:
        import espeakng_loader

        found = voices.read_voices(Path(espeakng_loader.get_data_path()))
    except (ImportError, RuntimeError, EngineNotReadyError):
        return VoiceList(variants=(), has_all=False)
    return VoiceList(
        names=sorted(found.voices),
        variants=sorted(found.variants.values()),
        also=found.has,
        summary=f"{len(found.voices)} languages and dialects (en-gb), with {len(found.variants)} variants (+f3), "
        "or both (en-gb+f3); docs/internals/engines.md lists them",
    )


def _language_of(voice: str) -> str:
    return voice.partition("+")[0]


def spec() -> SynthesizerSpec:
    """Return the spec of ``espeak``."""
    return SynthesizerSpec(
        name="espeak",
        title="espeak-ng",
        rank=RANK,
        languages=frozenset(language.base for language in languages.known() if language.espeak is not None),
        is_built_in=True,
        uses_settings=False,
        load=_load,
        voices=_voices,
        language_of=_language_of,
    )
