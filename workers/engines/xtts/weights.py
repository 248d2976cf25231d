"""Search for XTTS weights on this machine, and validation before they are loaded."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models import hub_cache
from voicestream.models.location import root
from voicestream.models.weights import (
    AGAIN,
    CONFIGURATION,
    SETUP,
    configuration,
    places,
    shown,
    table,
    whole_one,
)
from voicestream.workers.engines.xtts.model import MODEL

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS: Final = "model.pth"
VOCABULARY: Final = "vocab.json"

_FOREIGN_KEYS: Final = ("architectures", "model_type")
"""Keys in the configurations of models of transformers and of similar formats."""


def find(models: str) -> Path:
    """Return the directory with the weights.

    Args:
        models: directory of models, or of a model; empty: the directory of the user, then the cache of the hub.

    Raises:
        EngineNotReadyError: there is none, or it is damaged; the message names the missing file.
    """
    where = root(models)
    found = [place for place in places(where) if _is_ours(place, where)]
    if not found and not models:
        found = hub_cache.snapshots((MODEL,))
    return whole_one(found, where, "XTTS weights", _check, hint=f"{SETUP} --voice-model xtts")


def _is_ours(place: Path, where: Path) -> bool:
    """Return whether a directory may hold XTTS: by its configuration, or by weights beside a damaged configuration.

    A directory that the user named always qualifies, so that its defects are reported.
    """
    config = configuration(place)
    if any(key in config for key in _FOREIGN_KEYS):
        return False
    return config.get("model") == "xtts" or place == where or (not config and (place / WEIGHTS).exists())


def _check(place: Path) -> None:
    model = table(place / CONFIGURATION).get("model")
    if model != "xtts":
        raise EngineNotReadyError(f"{place} holds {shown(model)}, not XTTS", hint=SETUP)
    for name in (WEIGHTS, VOCABULARY):
        if not (place / name).is_file():
            raise EngineNotReadyError(f"{place} has no {name}", hint=AGAIN)
    if not zipfile.is_zipfile(place / WEIGHTS):
        raise EngineNotReadyError(f"{place / WEIGHTS} is damaged: it is truncated", hint=AGAIN)
    table(place / VOCABULARY)
