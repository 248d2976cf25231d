"""The user's directories for settings, data, cache and logs, as ``platformdirs`` knows them, always absolute.

Without HOME, and for a user whom the system does not know, there are none. They are then below a directory that by
convention does not exist: nothing is found there, and what wants to write there says so. A relative path would lead
into the agent's project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs

NOWHERE: Final = Path("/nonexistent")
"""The home directory of users who have none (Debian Policy 9.2.3)."""

_NAME: Final = "voicestream"


def config() -> Path:
    """Of settings, whether it exists or not."""
    return _absolute(platformdirs.user_config_path(_NAME, appauthor=False))


def data() -> Path:
    """Of models, voices and acceptances of licences, whether it exists or not."""
    return _absolute(platformdirs.user_data_path(_NAME, appauthor=False))


def cache() -> Path:
    """Of what can be made again, whether it exists or not."""
    return _absolute(platformdirs.user_cache_path(_NAME, appauthor=False))


def log() -> Path:
    """Of logs, whether it exists or not."""
    return _absolute(platformdirs.user_log_path(_NAME, appauthor=False))


def _absolute(path: Path) -> Path:
    return path if path.is_absolute() else NOWHERE / path
