"""Disk space: check before a download, and errors of a full disk."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, Final

from voicestream.errors import VoicestreamError
from voicestream.models.catalogue import format_size

if TYPE_CHECKING:
    from pathlib import Path

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""No space left; quota exceeded; file too large for the limits set here."""


def check_room(directory: Path, needed_bytes: int, what: str) -> None:
    """Check that there is space for ``what`` where ``directory`` is or will be.

    Raises:
        VoicestreamError: there is not.
    """
    existing = directory
    while not existing.exists():
        existing = existing.parent
    free = free_bytes(existing)
    if free < needed_bytes:
        raise VoicestreamError(
            f"{what} needs {format_size(needed_bytes)} more, and {existing} has {format_size(free)} free",
            hint="Make room, or set VOICESTREAM_MODELS to a directory on another disk, and type the command again.",
        )


def free_bytes(directory: Path) -> int:
    """Return the number of free bytes on the disk of a directory."""
    return shutil.disk_usage(directory).free


def is_full(error: OSError) -> bool:
    """Return whether an error means a full disk."""
    return error.errno in FULL


def full(directory: Path, error: OSError) -> VoicestreamError:
    """Return the error to raise for a full disk."""
    return VoicestreamError(
        f"no room to write in {directory}: {error.strerror}",
        hint="What was fetched stays there. Make room and type the same command again: it resumes where it stopped.",
    )
