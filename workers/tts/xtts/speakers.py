"""The voices that come with XTTS: their names, without torch and without running anything that a file says.

Their file is a pickle inside of a zip archive, as torch writes it: names, and for each of them two tensors. A reader
that makes nothing of what is not plain data finds the names in some milliseconds.
"""

from __future__ import annotations

import pickle
import zipfile
from typing import TYPE_CHECKING, Any, Final, cast

from voicestream.errors import EngineNotReadyError
from voicestream.models.directories import AGAIN

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "speakers_xtts.pth"

_CONTENTS: Final = "data.pkl"


class _Nothing:
    """Stands for whatever a pickle wants to be made."""

    def __init__(self, *_: object) -> None:
        """Takes anything, and keeps nothing."""

    def __setstate__(self, _: object) -> None:
        """Keeps nothing."""


class _Reader(pickle.Unpickler):
    """Makes plain data, and ``_Nothing`` of all else: no class and no function that the file names is looked up."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - pickle's signature
        """What a name in the file stands for."""
        return dict if (module, name) == ("collections", "OrderedDict") else _Nothing

    def persistent_load(self, _: Any) -> None:  # noqa: ANN401 - pickle's signature
        """The numbers of a tensor, which nobody needs here."""


def names(directory: Path) -> list[str]:
    """The names of the voices in a directory with XTTS, in the order of its file; none where there is no such file.

    Raises:
        EngineNotReadyError: the file is damaged.
    """
    file = directory / FILE
    if not file.is_file():
        return []
    try:
        with zipfile.ZipFile(file) as archive:
            (contents,) = (name for name in archive.namelist() if name.rpartition("/")[2] == _CONTENTS)
            with archive.open(contents) as opened:
                found: object = _Reader(opened).load()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError, *_ODDITIES) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if not isinstance(found, dict):
        raise EngineNotReadyError(f"{file} is damaged: it holds no table of voices", hint=AGAIN)
    return [str(name) for name in cast("dict[object, object]", found)]


_ODDITIES: Final = (AttributeError, IndexError, KeyError, TypeError, NotImplementedError)
"""What a pickle ends with that was cut off or made by nobody."""
