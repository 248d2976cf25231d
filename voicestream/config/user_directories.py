"""User directories for settings, data, state, cache and logs from ``platformdirs``, always absolute.

Without HOME, and for a user unknown to the system, there are none. They are then below a directory that by convention
does not exist: nothing is found there, and writing there fails with a message. A relative path would point into the
agent's project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

NOWHERE: Final = Path("/nonexistent")
"""Home directory of users without one (Debian Policy 9.2.3)."""

_NAME: Final = "voicestream"


def config() -> Path:
    """Return the directory of settings, whether it exists or not."""
    return _directory("config")


def data() -> Path:
    """Return the directory of models, voices and accepted licences, whether it exists or not."""
    return _directory("data")


def cache() -> Path:
    """Return the directory of files that can be created again, whether it exists or not."""
    return _directory("cache")


def log() -> Path:
    """Return the directory of logs, whether it exists or not."""
    return _directory("log")


def state() -> Path:
    """Return the directory of the history, whether it exists or not."""
    return _directory("state")


def _directory(kind: Literal["config", "data", "cache", "log", "state"]) -> Path:
    import platformdirs  # noqa: PLC0415 - most workers need no directory, and start sooner

    ask = getattr(platformdirs, f"user_{kind}_path")
    path: Path = ask(_NAME, appauthor=False)
    return path if path.is_absolute() else NOWHERE / path
