"""What engines make of samples and keep: as personal as the samples, and gone with them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from voicestream.config import user_directories
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from pathlib import Path


def directory() -> Path:
    """Where XTTS keeps what it has made of samples, in the user's cache."""
    return user_directories.cache() / "xtts-voices"


def forget() -> None:
    """Delete all of it: which of it is whose cannot be seen, and what is still wanted is made again in seconds.

    Raises:
        VoicestreamError: it cannot be deleted.
    """
    try:
        shutil.rmtree(directory())
    except FileNotFoundError:
        return  # nothing was made yet
    except OSError as error:
        raise VoicestreamError(f"cannot delete {error.filename or directory()}: {error.strerror}") from error
