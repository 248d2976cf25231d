"""Files that are either whole or not there, and what is in them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Digest:
    """What identifies the contents of a file."""

    size: int
    sha256: str
    git_blob: str
    """As git names it: the SHA-1 of a header and the contents."""


def leads_inside(name: str) -> bool:
    """Whether the name of a file, from wherever it comes, is one inside of the directory to which it is to go."""
    return bool(name) and str(PurePosixPath(name)) == name and not {"..", ".", "/"} & set(PurePosixPath(name).parts)


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that under its name there is ever the old or the new one, whole, whatever ends us."""
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


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file or directory its name; what is in it is on the disk by then, power cut or not."""
    for file in part.rglob("*") if part.is_dir() else (part,):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
    part.replace(path)


def digest(path: Path, on_progress: Callable[[int], None] | None = None) -> Digest:
    """Read a file to its end; ``on_progress`` receives the number of bytes read so far."""
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
    """What the files of a directory take, in bytes; 0 where there is none."""
    total = 0
    for path in directory.rglob("*") if directory.is_dir() else ():
        with suppress(FileNotFoundError):  # a pull that is under way has renamed it just now
            total += path.stat().st_size if path.is_file() else 0
    return total
