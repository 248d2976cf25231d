"""Presence of an engine on this machine: whether its user has ever asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.models import packages
from voicestream.models.weights import root

if TYPE_CHECKING:
    from voicestream.engines.spec import EngineSpec


def is_missed(engine: EngineSpec, instead: EngineSpec, models: str) -> bool:
    """Whether a person should hear that a voice engine is not ready, and that another one speaks instead.

    Weights that are there and cannot be used are always worth a word. Packages that are there without weights are
    where nothing better than a built-in voice was found; who has chosen another neural voice has chosen. Where there
    is neither, nobody has asked for it, and a line at every start would nag.

    Args:
        engine: the one that is not ready.
        instead: the one that was taken.
        models: directory of models, or a model; empty = the user's.
    """
    if not engine.models:
        return True
    if any((root(models) / model.name).is_dir() for model in engine.models):
        return True
    return not instead.models and packages.has_all(engine)
