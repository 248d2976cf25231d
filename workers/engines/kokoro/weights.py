"""Search for Kokoro weights on this machine, and validation before they are loaded.

The layout is that of ``onnx-community/Kokoro-82M-v1.0-ONNX``: ``config.json``, ``tokenizer.json``, ``onnx/model*.onnx``
and ``voices/*.bin``. The network may also be in the top folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models import location, weights
from voicestream.workers.engines.kokoro import voices

if TYPE_CHECKING:
    from pathlib import Path

TOKENIZER: Final = "tokenizer.json"

_MODEL_TYPE: Final = "style_text_to_speech_2"
"""Model type in ``config.json``; other models have it, too, but ``KokoroNetwork`` rejects their networks."""

_PREFERRED: Final = ("model.onnx", "model_fp16.onnx", "model_quantized.onnx")
"""Float32 is the fastest on CPUs: convolutions, which dominate, are slower in other precisions."""

_FOLDERS: Final = ("onnx", "")


def find(models: str) -> Path:
    """Return the directory with the weights.

    Args:
        models: directory of models, or of a model; empty: that of the user.

    Raises:
        EngineNotReadyError: there is none, or it is damaged; the message names the missing file.
    """
    root = location.root(models)
    found = [place for place in weights.places(root) if _is_ours(place)]
    return weights.whole_one(found, root, "Kokoro weights", _check, hint=f"{weights.SETUP} --voice-model kokoro")


def network(place: Path) -> Path | None:
    """Return the file of the network; None if there is none."""
    files = [file for folder in _FOLDERS for file in sorted((place / folder).glob("model*.onnx"))]
    preferred = [file for name in _PREFERRED for file in files if file.name == name]
    return next(iter([*preferred, *files]), None)


def _is_ours(place: Path) -> bool:
    return weights.configuration(place).get("model_type") == _MODEL_TYPE


def _check(place: Path) -> None:
    if not (place / TOKENIZER).is_file():
        raise EngineNotReadyError(f"{place} has no {TOKENIZER}: phonemes have no ids without it", hint=weights.AGAIN)
    if network(place) is None:
        raise EngineNotReadyError(f"{place} has no onnx/model.onnx", hint=weights.AGAIN)
    if not voices.names(place):
        raise EngineNotReadyError(f"{place} has no voices (voices/af_heart.bin)", hint=weights.AGAIN)
    for name in voices.names(place):
        voices.check(place, name)
