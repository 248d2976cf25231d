"""Catalogue entries of NLLB-200: its published sizes, and their 8-bit conversions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voicestream.engines.model import INT8_SUFFIX, Model

ORIGINAL: Final = "nllb"
CONVERTED: Final = "nllb-ct2"
TITLE: Final = "NLLB-200"

RUNNING_BYTES: Final = 350_000_000
"""Memory of a translator besides its weights; 928 MB were measured for the smallest one in int8."""

TOKENIZER_BYTES: Final = 17_000_000


@dataclass(frozen=True)
class _Size:
    """Size of NLLB-200; bytes are computed from the number of parameters, except for files on the hub."""

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
"""Published models."""

CONVERTED_MODELS: Final = tuple(map(_converted, SIZES))
"""Models converted to 8 bits for CTranslate2."""
