"""Where models lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_MODELS"
"""A directory of models, or one model's directory; ``--models`` sets it for the workers."""


def directory() -> Path:
    """The directory whose sub-directories are models, whether it exists or not."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).absolute()
    return platformdirs.user_data_path("voicestream", appauthor=False) / "models"
