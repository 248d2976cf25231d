"""Room on the disk: whether there is enough before something is fetched, and what to say when there was not."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, Final

from voicestream.errors import VoicestreamError
from voicestream.models.catalogue import in_words

if TYPE_CHECKING:
    from pathlib import Path

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""No space left; quota exceeded; file too large for the limits set here."""


def check_room(directory: Path, needed_bytes: int, what: str) -> None:
    """Make sure that there is room for ``what`` where ``directory`` is, or will be.

    Raises:
        VoicestreamError: there is not.
    """
    existing = directory
    while not existing.exists():
        existing = existing.parent
    free = free_bytes(existing)
    if free < needed_bytes:
        raise VoicestreamError(
            f"{what} needs {in_words(needed_bytes)} more, and {existing} has {in_words(free)} free",
            hint="Make room, or set VOICESTREAM_MODELS to a directory on another disk, and type the command again.",
        )


def free_bytes(directory: Path) -> int:
    """How much can be written where a directory is."""
    return shutil.disk_usage(directory).free


def is_full(error: OSError) -> bool:
    """Whether an error means that there was no room."""
    return error.errno in FULL


def full(directory: Path, error: OSError) -> VoicestreamError:
    """What to raise then."""
    return VoicestreamError(
        f"no room to write in {directory}: {error.strerror}",
        hint="What was fetched stays there. Make room and type the same command again: it goes on where it stopped.",
    )
