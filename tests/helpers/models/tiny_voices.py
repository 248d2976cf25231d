"""Directories that look like voice models from outside: their files with next to nothing in them."""

from __future__ import annotations

import json
import pickle
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SPEAKERS = ("Claribel Dervla", "Daisy Studious", "Aaron Dreschner")


def xtts(place: Path, speakers: Sequence[str] = SPEAKERS) -> Path:
    """XTTS v2, with what the hub has beside it."""
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"model": "xtts"}))
    (place / "vocab.json").write_text("{}")
    (place / "LICENSE.txt").write_text("Coqui Public Model License 1.0.0\n")
    (place / "README.md").write_text("Nobody needs it.\n")
    torch_file(place / "model.pth", "weights")
    torch_file(place / "speakers_xtts.pth", {name: {"gpt_cond_latent": 0, "speaker_embedding": 0} for name in speakers})
    return place


def kokoro(place: Path) -> Path:
    """Kokoro, with its sub-directories and what the hub has beside it."""
    for name in ("onnx", "voices", "samples"):
        (place / name).mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"model_type": "style_text_to_speech_2"}))
    (place / "tokenizer.json").write_text("{}")
    (place / "onnx" / "model_quantized.onnx").write_bytes(b"onnx" * 20_000)
    (place / "onnx" / "model.onnx").write_bytes(b"bigger" * 20_000)
    for name in ("af_heart", "jf_alpha"):
        (place / "voices" / f"{name}.bin").write_bytes(name.encode().ljust(16) * 32_640)
    (place / "samples" / "af_heart.wav").write_bytes(b"RIFF")
    return place


def torch_file(file: Path, holds: object) -> None:
    """As ``torch.save`` writes it, as far as anybody looks who has no torch; without a time, so twice the same."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), pickle.dumps(holds, protocol=2))
