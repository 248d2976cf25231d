"""Specs of the engines ``nllb`` and ``nllb-ct2``: NLLB-200 by transformers and by CTranslate2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.config import languages
from voicestream.engines.spec import TranslatorSpec
from voicestream.models import packages
from voicestream.workers.engines.nllb.models import CONVERTED, CONVERTED_MODELS, MODELS, ORIGINAL, TITLE

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Translator


def _load_original(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.nllb import transformers_translator

    return transformers_translator.load(settings, report)


def _load_converted(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.nllb import ctranslate2_translator

    return ctranslate2_translator.load(settings, report)


def _languages() -> frozenset[str]:
    return frozenset(language.base for language in languages.known() if language.flores is not None)


def original() -> TranslatorSpec:
    """Return the spec of ``nllb``, the faster engine on a GPU."""
    return TranslatorSpec(
        name=ORIGINAL,
        title=TITLE,
        rank=200,
        rank_on_gpu=400,
        languages=_languages(),
        packages=("torch", "transformers", "tokenizers"),
        install=packages.INSTALL,
        models=MODELS,
        load=_load_original,
        batches=True,
    )


def converted() -> TranslatorSpec:
    """Return the spec of ``nllb-ct2``, the faster engine on a CPU."""
    return TranslatorSpec(
        name=CONVERTED,
        title=TITLE,
        rank=300,
        languages=_languages(),
        packages=("ctranslate2", "tokenizers"),
        install=packages.INSTALL,
        models=CONVERTED_MODELS,
        load=_load_converted,
        batches=True,
    )
