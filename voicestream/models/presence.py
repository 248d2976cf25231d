"""What there is of a voice engine on this machine: whether its user has ever asked for it."""

from __future__ import annotations

from voicestream.models import packages
from voicestream.models.catalogue import VOICE_MODELS
from voicestream.models.directories import root


def is_missed(engine: str, instead: str, models: str) -> bool:
    """Whether a person should hear that a voice engine is not ready, and that another one speaks instead.

    Weights that are there and cannot be used are always worth a word. Packages that are there without weights are
    where nothing better than espeak was found; who has chosen another neural voice has chosen. Where there is
    neither, nobody has asked for it, and a line at every start would nag.

    Args:
        engine: the one that is not ready.
        instead: the one that was taken.
        models: directory of models, or a model; empty = the user's.
    """
    model = VOICE_MODELS.get(engine)
    if model is None:
        return True
    if (root(models) / model.name).is_dir():
        return True
    return instead not in VOICE_MODELS and packages.can_speak(engine)
