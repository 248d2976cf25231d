"""Location of the user's models."""

from __future__ import annotations

import os
from pathlib import Path

from voicestream.config import user_directories
from voicestream.config.engine_settings import MODELS_VARIABLE


def directory() -> Path:
    """Return the directory of models, whether it exists or not."""
    named = os.environ.get(MODELS_VARIABLE)
    if named:
        return Path(named).absolute()
    return user_directories.data() / "models"


def root(models: str) -> Path:
    """Return the directory to search: ``models``, a directory of models or one model; empty = the user's."""
    return Path(models) if models else directory()
