"""Spec of the engine ``firefox``: Mozilla's models by fxtranslate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import TranslatorSpec
from voicestream.workers.engines.firefox import model

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Translator

RANK: Final = 350
"""Above NLLB on a processor, below NLLB on a GPU."""


def _load(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.firefox import translator

    return translator.load(settings, report)


def spec() -> TranslatorSpec:
    """The spec, with the models of all directions."""
    models = model.models()
    return TranslatorSpec(
        name=model.NAME,
        title=model.TITLE,
        rank=RANK,
        languages=frozenset(one.direction[1] for one in models if one.direction),
        packages=("fxtranslate",),
        install=model.INSTALL,
        models=models,
        licences=(model.LICENCE,),
        load=_load,
    )
