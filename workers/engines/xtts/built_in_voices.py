"""The voices that come with XTTS: their names, without torch and without running anything that a file says.

Their file is a pickle inside of a zip archive, as torch writes it: names, and for each of them two tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.xtts.coqui import pickled_table, zip_archive

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "speakers_xtts.pth"

MOST_BYTES: Final = 256 << 20
"""Of the file, unpacked; the published one has 8 MB and 58 voices."""

_CONTENTS: Final = "data.pkl"
_CONTENTS_BYTES: Final = 1 << 20
"""Of the pickle; the published one has some 25 kB."""


def names(directory: Path) -> list[str]:
    """The names of the voices in a directory with XTTS, in the order of its file; none where there is no such file.

    Raises:
        EngineNotReadyError: the file is damaged.
    """
    file = directory / FILE
    if not file.is_file():
        return []
    try:
        return pickled_table.keys(zip_archive.contents(file, _CONTENTS, _CONTENTS_BYTES))
    except (OSError, pickled_table.NoTableError) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error


def check(file: Path) -> None:
    """Make sure that the file unpacks to no more than an honest one can.

    Raises:
        EngineNotReadyError: it unpacks to more, or is damaged.
        OSError: it cannot be read.
    """
    zip_archive.check(file, MOST_BYTES)
