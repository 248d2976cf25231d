"""Specs of the engines ``nllb`` and ``nllb-ct2``: NLLB-200 by transformers and by CTranslate2, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.engines.spec import TranslatorSpec
from voicestream.models import packages
from voicestream.models.catalogue import INT8_SUFFIX, Model

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Translator

ORIGINAL: Final = "nllb"
CONVERTED: Final = "nllb-ct2"
TITLE: Final = "NLLB-200"

RUNNING_BYTES: Final = 350_000_000
"""What a translator takes beside its weights; 928 MB were measured for the smallest one in int8."""

TOKENIZER_BYTES: Final = 17_000_000


@dataclass(frozen=True)
class _Size:
    """One size of NLLB-200; bytes are computed from the number of parameters, but for the files on the hub."""

    name: str
    quality: str
    parameters: int
    download_bytes: int


SIZES: Final = (
    _Size("nllb-200-distilled-600M", "small", 615_000_000, 2_480_000_000),
    _Size("nllb-200-distilled-1.3B", "medium", 1_370_000_000, 5_500_000_000),
    _Size("nllb-200-1.3B", "", 1_370_000_000, 5_500_000_000),
    _Size("nllb-200-3.3B", "large", 3_340_000_000, 17_600_000_000),
)


def _original(size: _Size) -> Model:
    return Model(
        name=size.name,
        title=TITLE,
        engine=ORIGINAL,
        licence="cc-by-nc-4.0",
        repository=f"facebook/{size.name}",
        required=("config.json", "tokenizer.json", "tokenizer_config.json"),
        optional=("generation_config.json", "special_tokens_map.json"),
        weights=(
            ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json"),
            ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"),
        ),
        download_bytes=size.download_bytes,
        disk_bytes=size.download_bytes,
        memory_bytes=2 * size.parameters + RUNNING_BYTES,
        quality=size.quality,
    )


def _converted(size: _Size) -> Model:
    original = _original(size)
    return Model(
        name=size.name + INT8_SUFFIX,
        title=TITLE,
        engine=CONVERTED,
        licence=original.licence,
        repository=original.repository,
        required=original.required,
        optional=original.optional,
        weights=original.weights,
        download_bytes=original.download_bytes,
        disk_bytes=size.parameters + TOKENIZER_BYTES,
        memory_bytes=size.parameters + RUNNING_BYTES,
        original=original.name,
        quality=size.quality,
    )


MODELS: Final = tuple(map(_original, SIZES))
"""As they were published."""


def _load_original(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.nllb import transformers_translator

    return transformers_translator.load(settings, report)


def _load_converted(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.nllb import ctranslate2_translator

    return ctranslate2_translator.load(settings, report)


def _languages() -> frozenset[str]:
    return frozenset(language.base for language in languages.known() if language.flores is not None)


def original() -> TranslatorSpec:
    """The spec of ``nllb``, which is the quicker one on a GPU."""
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
    )


def converted() -> TranslatorSpec:
    """The spec of ``nllb-ct2``, which is the quicker one on a processor."""
    return TranslatorSpec(
        name=CONVERTED,
        title=TITLE,
        rank=300,
        languages=_languages(),
        packages=("ctranslate2", "tokenizers"),
        install=packages.INSTALL,
        models=tuple(map(_converted, SIZES)),
        load=_load_converted,
    )
