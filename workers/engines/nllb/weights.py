"""Search for NLLB weights on this machine, and validation before they are loaded.

Libraries fail late and in many ways on a damaged directory, or not at all: without ``tokenizer.json`` transformers
makes up a vocabulary without languages.
"""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING, Final, cast

from voicestream import bounded_file
from voicestream.atomic_files import is_safe_name
from voicestream.errors import EngineNotReadyError
from voicestream.models import hub_cache
from voicestream.models.location import root
from voicestream.models.weights import (
    AGAIN,
    CONFIGURATION,
    configuration,
    places,
    shown,
    table,
    whole_one,
)
from voicestream.workers.engines.nllb.models import MODELS

if TYPE_CHECKING:
    from pathlib import Path

ARCHITECTURE: Final = "M2M100ForConditionalGeneration"
"""NLLB-200 uses the architecture of M2M-100."""

TOKENIZER: Final = "tokenizer.json"
CONVERTED_WEIGHTS: Final = "model.bin"
"""File of CTranslate2."""

_SAFETENSORS: Final = "model.safetensors"
_PICKLED: Final = "pytorch_model.bin"
_HEADER_LENGTH: Final = struct.Struct("<Q")
"""Length of the JSON header, at the start of a safetensors file."""

_MAX_HEADER_BYTES: Final = 4 << 20
"""That of NLLB-200 3.3B has about 0.2 MB."""

_MAX_TOKENIZER_BYTES: Final = 128 << 20
"""That of NLLB-200 has 17 to 32 MB, depending on its writer."""


def original(models: str) -> Path:
    """Return the directory with weights in the published format, for transformers.

    Args:
        models: directory of models, or of a model; empty: the directory of the user, then the cache of the hub.

    Raises:
        EngineNotReadyError: there is none, or it is damaged; the message names the missing file.
    """
    where = root(models)
    found = [place for place in places(where) if _is_original(place, where)]
    if not found and not models:
        found = hub_cache.snapshots(MODELS)
    return whole_one(found, where, "NLLB weights", _check_original)


def converted(models: str) -> Path:
    """Return the directory with weights converted for CTranslate2; as ``original``, without the cache of the hub."""
    where = root(models)
    found = [place for place in places(where) if _is_converted(place)]
    return whole_one(found, where, "NLLB weights in the format of CTranslate2", _check_converted)


def weights(directory: Path) -> list[Path]:
    """Return the weight files of a directory."""
    for name in (_SAFETENSORS, _PICKLED):
        index = directory / f"{name}.index.json"
        if index.is_file():
            return [directory / shard for shard in _shards(index)]
        if (directory / name).is_file():
            return [directory / name]
    file = directory / CONVERTED_WEIGHTS
    return [file] if file.is_file() else []


def _shards(index: Path) -> list[str]:
    """Return the file names in the index of a sharded checkpoint.

    Raises:
        EngineNotReadyError: the index is damaged, or names a file outside of the directory.
    """
    found: object = table(index).get("weight_map", {})
    named = set(map(str, cast("dict[str, object]", found).values())) if isinstance(found, dict) else {""}
    if not all(is_safe_name(name) for name in named):
        raise EngineNotReadyError(f"{index} is damaged: it does not name the parts of the weights", hint=AGAIN)
    return sorted(named)


def _is_original(place: Path, where: Path) -> bool:
    """Return whether a directory may hold a model of transformers; directories of other engines are skipped."""
    if _is_converted(place):
        return False
    config = configuration(place)
    return not config or "architectures" in config or place == where


def _is_converted(place: Path) -> bool:
    """Return whether a directory was written by the converter of CTranslate2; other engines may use its file name."""
    config = configuration(place)
    return "decoder_start_token" in config or ((place / CONVERTED_WEIGHTS).is_file() and "architectures" not in config)


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
            raise EngineNotReadyError(f"{file} is damaged: it is truncated", hint=AGAIN)


def _check_converted(place: Path) -> None:
    _check_tokenizer(place)
    for name in (CONVERTED_WEIGHTS, "shared_vocabulary.json"):
        if not (place / name).is_file():
            raise EngineNotReadyError(f"{place} has no {name}", hint=AGAIN)


def _check_tokenizer(place: Path) -> None:
    file = place / TOKENIZER
    if not file.is_file():
        raise EngineNotReadyError(f"{place} has no {TOKENIZER}: languages cannot be selected without it", hint=AGAIN)
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
            return False  # no JSON, or no table of tensors
    return size >= _HEADER_LENGTH.size + length + max(ends, default=0)
