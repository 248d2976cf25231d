"""Bounded reading of a zip archive, as ``torch.save`` writes one: its sizes are checked before it is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN

if TYPE_CHECKING:
    from pathlib import Path

MOST_ENTRIES: Final = 10_000
"""In the directory of an archive; XTTS's speakers have 120."""

MOST_DIRECTORY_BYTES: Final = 2 << 20

_END_BYTES: Final = 22
_LARGE_BYTES: Final = 56 + 20
_TAIL_BYTES: Final = _LARGE_BYTES + _END_BYTES + (1 << 16)
"""The record at the end of an archive, with the longest comment (APPNOTE.TXT 4.3.16); before it, where there is one,
the record with larger numbers, and what leads to it (4.3.14, 4.3.15)."""

_END: Final = b"PK\x05\x06"
_END_OF_LARGE: Final = b"PK\x06\x07"


def check(file: Path, limit: int) -> None:
    """Make sure that an archive unpacks to at most ``limit`` bytes.

    Raises:
        EngineNotReadyError: it unpacks to more, or is damaged.
        OSError: it cannot be read.
    """
    with _opened(file, limit):
        pass


def contents(file: Path, name: str, limit: int) -> bytes:
    """Unpack the one entry of that name, in whatever folder of the archive.

    Raises:
        EngineNotReadyError: it is not there, unpacks to more than ``limit`` bytes, or is damaged.
        OSError: the file cannot be read.
    """
    with _opened(file, None) as archive:
        found = [entry for entry in archive.infolist() if entry.filename.rpartition("/")[2] == name]
        if len(found) != 1:
            raise EngineNotReadyError(f"{file} is damaged: it has no {name}", hint=AGAIN)
        try:
            with archive.open(found[0]) as opened:
                # What the directory says of the size may be wrong: no more than that is unpacked.
                data = opened.read(limit + 1) if found[0].file_size <= limit else None
        except _ODDITIES as error:
            raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if data is None or len(data) > limit:
        raise EngineNotReadyError(f"{file} is damaged: its {name} unpacks to more than {limit} bytes", hint=AGAIN)
    return data


def _opened(file: Path, limit: int | None) -> zipfile.ZipFile:
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _ODDITIES as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if limit is not None and sum(entry.file_size for entry in archive.infolist()) > limit:
        archive.close()
        raise EngineNotReadyError(f"{file} is damaged: it unpacks to more than {limit} bytes", hint=AGAIN)
    return archive


def _check_directory(file: Path) -> None:
    """Make sure that the archive's directory is small: all of it is read as soon as the archive is opened."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _TAIL_BYTES))
        tail = opened.read(_TAIL_BYTES)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_BYTES:
        raise EngineNotReadyError(f"{file} is damaged: it is no archive, or ends before its end", hint=AGAIN)
    entries = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory_bytes = int.from_bytes(tail[end + 12 : end + 16], "little")
    if tail[max(0, end - 20) : end].startswith(_END_OF_LARGE):
        large = tail[max(0, end - _LARGE_BYTES) : end]
        entries = int.from_bytes(large[32:40], "little")
        directory_bytes = int.from_bytes(large[40:48], "little")
    if entries > MOST_ENTRIES or directory_bytes > MOST_DIRECTORY_BYTES:
        raise EngineNotReadyError(
            f"{file} is damaged: it has more entries than a file of this kind can have", hint=AGAIN
        )


_ODDITIES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    OverflowError,
)
"""What ``zipfile`` ends with on archives that are damaged, encrypted, packed in other ways, or made by nobody."""
