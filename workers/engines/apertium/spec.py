"""Spec of the engine ``apertium``, which runs the programs of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import TranslatorSpec

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Translator


def _load(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.apertium import translator

    return translator.load(settings, report)


SPEC: Final = TranslatorSpec(
    name="apertium",
    title="Apertium",
    rank=100,
    programs=("apertium",),
    install="sudo apt install apertium apertium-eng-spa",
    uses_settings=False,
    load=_load,
)
