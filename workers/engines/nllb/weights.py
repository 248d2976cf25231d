"""Finds NLLB's weights on this machine, and looks whether they can be what they should be before they are loaded.

A library that loads a damaged directory fails late and in many ways, or not at all: without ``tokenizer.json``
transformers makes up a vocabulary that has no languages.
"""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING, Final, cast

from voicestream import bounded_file
from voicestream.errors import EngineNotReadyError
from voicestream.models import hub_cache
from voicestream.models.atomic_files import is_safe_name
from voicestream.models.weights import (
    AGAIN,
    CONFIGURATION,
    configuration,
    places,
    root,
    shown,
    table,
    whole_one,
)
from voicestream.workers.engines.nllb.models import MODELS

if TYPE_CHECKING:
    from pathlib import Path

ARCHITECTURE: Final = "M2M100ForConditionalGeneration"
"""NLLB-200 has the shape of M2M-100."""

TOKENIZER: Final = "tokenizer.json"
CONVERTED_WEIGHTS: Final = "model.bin"
"""CTranslate2's."""

_SAFETENSORS: Final = "model.safetensors"
_PICKLED: Final = "pytorch_model.bin"
_HEADER_LENGTH: Final = struct.Struct("<Q")
"""A safetensors file begins with the length of its JSON header (the format's README)."""

_MAX_HEADER_BYTES: Final = 4 << 20
"""NLLB-200 3.3B has some 0.2 MB."""

_MAX_TOKENIZER_BYTES: Final = 128 << 20
"""NLLB-200's has 17 to 32 MB, by how it was written."""


def original(models: str) -> Path:
    """The directory with weights as they were published, for transformers.

    Args:
        models: directory of models, or a model; empty = the user's, or else the hub's cache.

    Raises:
        EngineNotReadyError: there is none, or it is damaged; the message says what is missing.
    """
    where = root(models)
    found = [place for place in places(where) if _is_original(place, where)]
    if not found and not models:
        found = hub_cache.snapshots(MODELS)
    return whole_one(found, where, "NLLB weights", _check_original)


def converted(models: str) -> Path:
    """The directory with weights converted for CTranslate2; as ``original``, but that the hub has none."""
    where = root(models)
    found = [place for place in places(where) if _is_converted(place)]
    return whole_one(found, where, "NLLB weights in the format of CTranslate2", _check_converted)


def weights(directory: Path) -> list[Path]:
    """The files with the numbers."""
    for name in (_SAFETENSORS, _PICKLED):
        index = directory / f"{name}.index.json"
        if index.is_file():
            return [directory / shard for shard in _shards(index)]
        if (directory / name).is_file():
            return [directory / name]
    file = directory / CONVERTED_WEIGHTS
    return [file] if file.is_file() else []


def _shards(index: Path) -> list[str]:
    """The names of the files with the numbers, by the index of a checkpoint in parts.

    Raises:
        EngineNotReadyError: the index is damaged, or names a file elsewhere.
    """
    found: object = table(index).get("weight_map", {})
    named = set(map(str, cast("dict[str, object]", found).values())) if isinstance(found, dict) else {""}
    if not all(is_safe_name(name) for name in named):
        raise EngineNotReadyError(f"{index} is damaged: it does not name the parts of the weights", hint=AGAIN)
    return sorted(named)


def _is_original(place: Path, where: Path) -> bool:
    """Whether it may be one of transformers; beside others, a directory is passed over that is a voice engine's."""
    if _is_converted(place):
        return False
    said = configuration(place)
    return not said or "architectures" in said or place == where


def _is_converted(place: Path) -> bool:
    """Whether it was made by CTranslate2's converter; a voice engine's file may have the same name."""
    said = configuration(place)
    return "decoder_start_token" in said or ((place / CONVERTED_WEIGHTS).is_file() and "architectures" not in said)


def _check_original(place: Path) -> None:
    architectures = table(place / CONFIGURATION).get("architectures")
    if architectures != [ARCHITECTURE]:
        several = cast("list[object]", architectures) if isinstance(architectures, list) else [architectures]
        named = shown(next(iter(several), None))
        raise EngineNotReadyError(f"{place} holds {named}, not NLLB-200 ({ARCHITECTURE})", hint="voicestream setup")
    _check_tokenizer(place)
    files = weights(place)
    if not files:
        raise EngineNotReadyError(f"{place} has no {_SAFETENSORS} and no {_PICKLED}", hint=AGAIN)
    for file in files:
        if not file.is_file():
            raise EngineNotReadyError(f"{place} lacks {file.name}, a part of the weights", hint=AGAIN)
        if not (_is_whole_safetensors(file) if file.suffix == ".safetensors" else zipfile.is_zipfile(file)):
            raise EngineNotReadyError(f"{file} is damaged: it ends before its end", hint=AGAIN)


def _check_converted(place: Path) -> None:
    _check_tokenizer(place)
    for name in (CONVERTED_WEIGHTS, "shared_vocabulary.json"):
        if not (place / name).is_file():
            raise EngineNotReadyError(f"{place} has no {name}", hint=AGAIN)


def _check_tokenizer(place: Path) -> None:
    file = place / TOKENIZER
    if not file.is_file():
        raise EngineNotReadyError(f"{place} has no {TOKENIZER}: without it no language can be named", hint=AGAIN)
    if file.stat().st_size > _MAX_TOKENIZER_BYTES:
        raise EngineNotReadyError(f"{file} is damaged: it is larger than {_MAX_TOKENIZER_BYTES} bytes", hint=AGAIN)


def _is_whole_safetensors(file: Path) -> bool:
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(_HEADER_LENGTH.size)
        if len(start) < _HEADER_LENGTH.size:
            return False
        (length,) = cast("tuple[int]", _HEADER_LENGTH.unpack(start))
        if length > min(size, _MAX_HEADER_BYTES):
            return False
        try:
            header = bounded_file.loads(opened.read(length))
            ends = [int(tensor["data_offsets"][1]) for name, tensor in header.items() if name != "__metadata__"]
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
            return False  # it is no JSON, or no table of tensors
    return size >= _HEADER_LENGTH.size + length + max(ends, default=0)
