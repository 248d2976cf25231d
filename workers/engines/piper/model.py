"""Catalogue entries of Piper's voices, one for each, and the facts that the engine's modules share.

``voices.json`` pins a commit of the repository of voices, and size and SHA-256 of each file. It has voices whose
recordings may be used for any purpose; the licence is that of the recordings, as the voice's ``MODEL_CARD`` states it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from voicestream.engines.model import Licence, Model, PinnedFile

NAME: Final = "piper"
TITLE: Final = "Piper"
PACKAGES: Final = ("onnx", "onnxruntime", "num2words")
"""Modules it cannot be loaded without; the last one writes numbers as words."""

INSTALL: Final = "pip install 'voicestream[piper]'"
PREFIX: Final = "piper-"
"""Prefix of the names of its models: ``piper-de_DE-thorsten-medium``."""

NETWORK: Final = ".onnx"
CONFIGURATION: Final = ".onnx.json"
"""Suffixes of the two files of a voice."""

REPOSITORY: Final = "rhasspy/piper-voices"
HOST: Final = "https://huggingface.co"
RUNNING_BYTES: Final = 60_000_000
"""Memory of the process beside the network."""

LICENCES: Final = (
    Licence(
        id="cc0-1.0",
        name="Creative Commons Zero 1.0 Universal",
        version="1.0",
        url="https://creativecommons.org/publicdomain/zero/1.0/",
        summary="The recordings are in the public domain: you may use the voice for any purpose.",
        must_be_accepted=False,
    ),
    Licence(
        id="public-domain",
        name="Public domain",
        version="1.0",
        url="https://librivox.org/pages/public-domain/",
        summary="The recordings are in the public domain: you may use the voice for any purpose.",
        must_be_accepted=False,
    ),
    Licence(
        id="cc-by-4.0",
        name="Creative Commons Attribution 4.0 International",
        version="4.0",
        url="https://creativecommons.org/licenses/by/4.0/",
        summary="You may use the voice for any purpose if you name the authors of its recordings.",
        must_be_accepted=False,
    ),
)

_TABLE: Final = Path(__file__).with_name("voices.json")


def models() -> tuple[Model, ...]:
    """Return the models of all voices in the table, in its order."""
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    commit: str = table["commit"]
    return tuple(_model(voice, commit, row) for voice, row in table["voices"].items())


def tag_of(code: str) -> str:
    """Return the BCP-47 tag of a language as voices and their names state it: ``de-DE`` of ``de_DE``."""
    return code.replace("_", "-")


def _model(voice: str, commit: str, row: dict[str, Any]) -> Model:
    code, speaker, quality = voice.split("-")
    folder = f"{HOST}/{REPOSITORY}/resolve/{commit}/{code.partition('_')[0]}/{code}/{speaker}/{quality}"
    files = tuple(
        PinnedFile(name=f"{voice}{suffix}", url=f"{folder}/{voice}{suffix}", size=size, sha256=sha256)
        for suffix, (size, sha256) in ((NETWORK, row["onnx"]), (CONFIGURATION, row["json"]))
    )
    size = sum(file.size for file in files)
    return Model(
        name=f"{PREFIX}{voice}",
        title=f"{TITLE} {speaker}",
        engine=NAME,
        licence=row["licence"],
        repository=REPOSITORY,
        required=(),
        optional=(),
        weights=(),
        download_bytes=size,
        disk_bytes=size,
        memory_bytes=size + RUNNING_BYTES,
        files=files,
        revision=commit,
        language=tag_of(code),
    )
