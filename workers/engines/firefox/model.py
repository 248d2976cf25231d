"""Catalogue entries of Mozilla's models, one for each direction, and the facts that the engine's modules share.

``directions.json`` pins the last commit of Mozilla's repository of models, and size and SHA-256 of each packed file as
Git LFS states them there. Of several architectures the one that Firefox shipped for the direction is taken:
``base-memory`` where there is one, else ``tiny``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from voicestream.engines.model import Licence, Model, PinnedFile

NAME: Final = "firefox"
TITLE: Final = "Firefox Translations"
INSTALL: Final = "pip install 'voicestream[translation-light]'"
PREFIX: Final = "firefox-"
"""Prefix of the names of its models: ``firefox-en-pt``."""
QUALITY: Final = "light"

REPOSITORY: Final = "mozilla/firefox-translations-models"
HOST: Final = "https://media.githubusercontent.com/media"
"""Host from which GitHub serves files of Git LFS."""

NAME_CODES: Final = ("ZKX", "XQ1", "KZ7", "QX4", "ZX9", "XKZ", "QZ3", "ZQX")
"""Words that the models copy unchanged; signs and brackets vanish."""

LICENCE: Final = Licence(
    id="mpl-2.0",
    name="Mozilla Public License 2.0",
    version="2.0",
    url="https://www.mozilla.org/MPL/2.0/",
    summary="You may use the model for any purpose, and pass it on with this licence.",
    must_be_accepted=False,
)

RUNNING_BYTES: Final = 45_000_000
"""Memory of the process beside the files of a model, which it keeps once."""

_TABLE: Final = Path(__file__).with_name("directions.json")
_PACKED: Final = ".gz"


def name_of(source: str, target: str) -> str:
    """Return the name of the model of a direction; the languages are base languages."""
    return f"{PREFIX}{source}-{target}"


def models() -> tuple[Model, ...]:
    """Return the models of all directions that are known, sorted by name."""
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    commit: str = table["commit"]
    return tuple(_model(name, commit, row) for name, row in sorted(table["directions"].items()))


def _model(direction: str, commit: str, row: dict[str, Any]) -> Model:
    source, _, target = direction.partition("-")
    folder = f"{HOST}/{REPOSITORY}/{commit}/models/{row['kind']}/{source}{target}"
    files = tuple(
        PinnedFile(name=name, url=f"{folder}/{name}{_PACKED}", size=size, sha256=sha256)
        for name, (size, sha256) in row["files"].items()
    )
    return Model(
        name=name_of(source, target),
        title=TITLE,
        engine=NAME,
        licence=LICENCE.id,
        repository=REPOSITORY,
        required=(),
        optional=(),
        weights=(),
        download_bytes=sum(file.size for file in files),
        disk_bytes=row["disk_bytes"],
        memory_bytes=row["disk_bytes"] + RUNNING_BYTES,
        quality=QUALITY,
        files=files,
        revision=commit,
        direction=(source, target),
    )
