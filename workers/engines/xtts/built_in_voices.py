"""Names of the built-in XTTS voices, read without torch and without executing the pickle.

Their file is a pickle in a zip archive, as torch writes it: names with two tensors each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.xtts.coqui import pickled_table, zip_archive

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "speakers_xtts.pth"

MAX_BYTES: Final = 256 << 20
"""Limit of the unpacked file; the published one has 8 MB and 58 voices."""

_PICKLE: Final = "data.pkl"
_MAX_PICKLE_BYTES: Final = 1 << 20
"""Limit of the pickle; the published one has about 25 kB."""


def names(directory: Path) -> list[str]:
    """Return the names of the built-in voices in a directory of XTTS, in file order; none without the file.

    Raises:
        EngineNotReadyError: the file is damaged.
    """
    file = directory / FILE
    if not file.is_file():
        return []
    try:
        return pickled_table.keys(zip_archive.read_entry(file, _PICKLE, _MAX_PICKLE_BYTES))
    except (OSError, pickled_table.NoTableError) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error


def check(file: Path) -> None:
    """Check that the file unpacks to at most ``MAX_BYTES``.

    Raises:
        EngineNotReadyError: it unpacks to more, or is damaged.
        OSError: it cannot be read.
    """
    zip_archive.check(file, MAX_BYTES)
