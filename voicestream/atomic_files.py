"""Atomic file writes, and digests of file contents."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK_BYTES: Final = 1 << 20


class Digest(FrozenRecord, frozen=True):
    """Size and hashes of a file."""

    size: int
    sha256: str
    git_blob: str
    """Git's hash: SHA-1 of a header and the contents."""


def is_safe_name(name: str) -> bool:
    """Return whether a file name from outside stays inside the directory it is joined to."""
    return bool(name) and str(PurePosixPath(name)) == name and not {"..", ".", "/"} & set(PurePosixPath(name).parts)


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file atomically: under its name there is always the old or the new content as a whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def move_into_place(part: Path, path: Path) -> None:
    """Sync a finished file or directory to disk and rename it to its final name."""
    for file in part.rglob("*") if part.is_dir() else (part,):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
    part.replace(path)


def digest(path: Path, on_progress: Callable[[int], None] | None = None) -> Digest:
    """Hash a file; ``on_progress`` receives the number of bytes read so far."""
    import hashlib  # noqa: PLC0415 - rarely needed, and takes its time

    sha256 = hashlib.sha256()
    git = hashlib.sha1(usedforsecurity=False)
    read = 0
    with path.open("rb") as file:
        git.update(f"blob {os.fstat(file.fileno()).st_size}\0".encode())
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            git.update(chunk)
            read += len(chunk)
            if on_progress is not None:
                on_progress(read)
    return Digest(size=read, sha256=sha256.hexdigest(), git_blob=git.hexdigest())


def total_bytes(directory: Path) -> int:
    """Return the total size in bytes of the files in a directory; 0 if there is none."""
    total = 0
    for path in directory.rglob("*") if directory.is_dir() else ():
        with suppress(FileNotFoundError):  # a running pull has just renamed it
            total += path.stat().st_size if path.is_file() else 0
    return total
