"""Embedding cache: speaker embeddings that engines compute from voice samples.

They are as personal as the samples, so they are deleted together with them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from voicestream.config import user_directories
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from pathlib import Path


def directory() -> Path:
    """Return the directory of XTTS's speaker embeddings in the user's cache."""
    return user_directories.cache() / "xtts-voices"


def forget() -> None:
    """Delete all embeddings: they cannot be told apart, and those still needed are computed again in seconds.

    Raises:
        VoicestreamError: one cannot be deleted.
    """
    try:
        shutil.rmtree(directory())
    except FileNotFoundError:
        return  # the cache is empty
    except OSError as error:
        raise VoicestreamError(f"cannot delete {error.filename or directory()}: {error.strerror}") from error
