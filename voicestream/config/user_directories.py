"""User directories for settings, data, cache and logs from ``platformdirs``, always absolute.

Without HOME, and for a user unknown to the system, there are none. They are then below a directory that by convention
does not exist: nothing is found there, and writing there fails with a message. A relative path would point into the
agent's project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs

NOWHERE: Final = Path("/nonexistent")
"""Home directory of users without one (Debian Policy 9.2.3)."""

_NAME: Final = "voicestream"


def config() -> Path:
    """Return the directory of settings, whether it exists or not."""
    return _absolute(platformdirs.user_config_path(_NAME, appauthor=False))


def data() -> Path:
    """Return the directory of models, voices and accepted licences, whether it exists or not."""
    return _absolute(platformdirs.user_data_path(_NAME, appauthor=False))


def cache() -> Path:
    """Return the directory of files that can be created again, whether it exists or not."""
    return _absolute(platformdirs.user_cache_path(_NAME, appauthor=False))


def log() -> Path:
    """Return the directory of logs, whether it exists or not."""
    return _absolute(platformdirs.user_log_path(_NAME, appauthor=False))


def _absolute(path: Path) -> Path:
    return path if path.is_absolute() else NOWHERE / path
