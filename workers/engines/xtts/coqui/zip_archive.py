"""Bounded reading of zip archives of ``torch.save``: sizes are checked before unpacking."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN

if TYPE_CHECKING:
    from pathlib import Path

MAX_ENTRIES: Final = 10_000
"""Limit of the central directory; the speaker file of XTTS has 120."""

MAX_DIRECTORY_BYTES: Final = 2 << 20

_END_BYTES: Final = 22
_ZIP64_BYTES: Final = 56 + 20
_TAIL_BYTES: Final = _ZIP64_BYTES + _END_BYTES + (1 << 16)
"""End of central directory record with the longest comment (APPNOTE.TXT 4.3.16), and before it the zip64 record with
its locator (4.3.14, 4.3.15)."""

_END: Final = b"PK\x05\x06"
_ZIP64_LOCATOR: Final = b"PK\x06\x07"


def check(file: Path, limit: int) -> None:
    """Check that an archive unpacks to at most ``limit`` bytes.

    Raises:
        EngineNotReadyError: it unpacks to more, or is damaged.
        OSError: it cannot be read.
    """
    with _opened(file, limit):
        pass


def read_entry(file: Path, name: str, limit: int) -> bytes:
    """Unpack the single entry with a file name, in any folder of the archive.

    Raises:
        EngineNotReadyError: it is missing, unpacks to more than ``limit`` bytes, or is damaged.
        OSError: the file cannot be read.
    """
    with _opened(file, None) as archive:
        found = [entry for entry in archive.infolist() if entry.filename.rpartition("/")[2] == name]
        if len(found) != 1:
            raise EngineNotReadyError(f"{file} is damaged: it has no {name}", hint=AGAIN)
        try:
            with archive.open(found[0]) as opened:
                # The size in the directory may be wrong, so reading is limited, too.
                data = opened.read(limit + 1) if found[0].file_size <= limit else None
        except _ZIP_ERRORS as error:
            raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if data is None or len(data) > limit:
        raise EngineNotReadyError(f"{file} is damaged: its {name} unpacks to more than {limit} bytes", hint=AGAIN)
    return data


def _opened(file: Path, limit: int | None) -> zipfile.ZipFile:
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_ERRORS as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if limit is not None and sum(entry.file_size for entry in archive.infolist()) > limit:
        archive.close()
        raise EngineNotReadyError(f"{file} is damaged: it unpacks to more than {limit} bytes", hint=AGAIN)
    return archive


def _check_directory(file: Path) -> None:
    """Check that the central directory is small: ``zipfile`` reads all of it when it opens an archive."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - _TAIL_BYTES))
        tail = opened.read(_TAIL_BYTES)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_BYTES:
        raise EngineNotReadyError(f"{file} is damaged: it is no archive, or is truncated", hint=AGAIN)
    entries = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory_bytes = int.from_bytes(tail[end + 12 : end + 16], "little")
    if tail[max(0, end - 20) : end].startswith(_ZIP64_LOCATOR):
        large = tail[max(0, end - _ZIP64_BYTES) : end]
        entries = int.from_bytes(large[32:40], "little")
        directory_bytes = int.from_bytes(large[40:48], "little")
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise EngineNotReadyError(
            f"{file} is damaged: it has more entries than a file of this kind can have", hint=AGAIN
        )


_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    OverflowError,
)
"""Errors of ``zipfile`` for archives that are damaged, encrypted, crafted, or compressed with other methods."""
