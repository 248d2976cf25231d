"""Optional packages: checks without importing them, and the commands that install them."""

from __future__ import annotations

import importlib.util
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import ConfigurationError, VoicestreamError
from voicestream.models.location import root

if TYPE_CHECKING:
    from voicestream.engines.spec import EngineSpec, SynthesizerSpec

FETCHING: Final = ("huggingface_hub",)

INSTALL_FETCHING: Final = "pip install huggingface-hub"
"""Command that installs it alone: an extra would bring the packages of an engine along."""

_CONSTRAINTS: Final = Path(__file__).parents[2] / "constraints.txt"
"""In a checkout: constrains torch to a build without CUDA, which is gigabytes smaller."""

CONSTRAINT: Final = f" --constraint {shlex.quote(str(_CONSTRAINTS))}" if _CONSTRAINTS.exists() else ""
"""Suffix of commands that install torch; empty without a checkout."""

INSTALL: Final = f"pip install 'voicestream[translation]'{CONSTRAINT}"
"""Command that installs what NLLB needs."""

CONVERTING: Final = ("ctranslate2", "tokenizers", "torch", "transformers")

INSTALL_NEURAL: Final = f"pip install 'voicestream[neural]'{CONSTRAINT}"

INSTALL_FILES: Final = "pip install 'voicestream[audio-files]'"
"""Command that installs what FLAC and Opus files, and recordings of voices, need."""


def check(*names: str, install: str = INSTALL) -> None:
    """Check that packages are installed, without importing them.

    Args:
        names: module names.
        install: the command that installs them.

    Raises:
        ConfigurationError: some are missing.
    """
    missing = [name for name in names if not is_installed(name)]
    if missing:
        raise ConfigurationError(f"this needs {', '.join(missing)}, not installed here", hint=f"Try: {install}")


def is_installed(name: str) -> bool:
    """Return whether a module is installed, without importing it."""
    return importlib.util.find_spec(name) is not None


def has_all(spec: EngineSpec, base: str = "") -> bool:
    """Return whether all packages of an engine for a base language (empty = any) are installed."""
    return all(is_installed(name) for name in (*spec.packages, *spec.packages_for(base)))


def is_ready(spec: SynthesizerSpec, models: str, base: str) -> bool:
    """Return whether packages and weights of a voice engine are installed. Only loading it tells whether they work.

    Args:
        spec: of the engine.
        models: directory of models or of one model; empty = the user's.
        base: base language that its weights must speak; empty = any.
    """
    if not has_all(spec, base):
        return False
    try:
        if base and spec.speaks is not None and not spec.speaks(models, base):
            return False
        if spec.find_weights is not None:
            spec.find_weights(models)
    except (VoicestreamError, OSError):  # weights that may not be read are as good as none
        return False
    return True


def is_wanted(engine: EngineSpec, instead: EngineSpec, models: str) -> bool:
    """Return whether the user has tried to set up a voice engine that is not ready, so that a note is due.

    One without models is wanted when its packages are installed. Another is wanted when one of its models is there but
    unusable, or when its packages are installed and ``auto`` fell back to an engine that is built in. Otherwise the
    user has not asked for it.

    Args:
        engine: the engine that is not ready.
        instead: the engine that ``auto`` chose.
        models: directory of models or of one model; empty = the user's.
    """
    if not engine.models:
        return has_all(engine)
    # False, unlike that of pathlib, where the directory may not be read.
    if any(os.path.isdir(root(models) / model.name) for model in engine.models):  # noqa: PTH112
        return True
    return instead.is_built_in and has_all(engine)
