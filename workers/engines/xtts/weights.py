"""Finds XTTS's weights on this machine, and looks whether they can be what they should be before they are loaded."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models import hub_cache
from voicestream.models.weights import (
    AGAIN,
    CONFIGURATION,
    SETUP,
    configuration,
    places,
    root,
    shown,
    table,
    whole_one,
)
from voicestream.workers.engines.xtts.model import MODEL

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS: Final = "model.pth"
VOCABULARY: Final = "vocab.json"

_OTHERS: Final = ("architectures", "model_type")
"""What stands in the configurations of transformers' models, and of those that are named like them."""


def find(models: str) -> Path:
    """The directory with the weights.

    Args:
        models: directory of models, or a model; empty = the user's, or else the hub's cache.

    Raises:
        EngineNotReadyError: there is none, or it is damaged; the message says what is missing.
    """
    where = root(models)
    found = [place for place in places(where) if _is_ours(place, where)]
    if not found and not models:
        found = hub_cache.snapshots((MODEL,))
    return whole_one(found, where, "XTTS weights", _check, hint=f"{SETUP} --voice-model xtts")


def _is_ours(place: Path, where: Path) -> bool:
    """Whether it may be XTTS; beside others, only what says so, or has a file of its name and a damaged configuration.

    A directory that was named is ours whatever it says: then what is wrong with it is told.
    """
    said = configuration(place)
    if any(key in said for key in _OTHERS):
        return False
    return said.get("model") == "xtts" or place == where or (not said and (place / WEIGHTS).exists())


def _check(place: Path) -> None:
    model = table(place / CONFIGURATION).get("model")
    if model != "xtts":
        raise EngineNotReadyError(f"{place} holds {shown(model)}, not XTTS", hint=SETUP)
    for name in (WEIGHTS, VOCABULARY):
        if not (place / name).is_file():
            raise EngineNotReadyError(f"{place} has no {name}", hint=AGAIN)
    if not zipfile.is_zipfile(place / WEIGHTS):
        raise EngineNotReadyError(f"{place / WEIGHTS} is damaged: it ends before its end", hint=AGAIN)
    table(place / VOCABULARY)
