"""Transcript files below a directory: which are there, and which have changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIX: Final = ".jsonl"

MAX_DEPTH: Final = 8


class Version(NamedTuple):
    """State of a file; another one means that it was written."""

    size: int
    modified: int
    """In nanoseconds."""
    inode: int


def versions(path: Path) -> dict[Path, Version]:
    """Return the file itself, or the transcript files below a directory; empty if there is nothing."""
    found: dict[Path, Version] = {}
    if path.is_dir():
        for entry in _walk(str(path), MAX_DEPTH):
            if (version := _version(entry)) is not None:
                found[Path(entry)] = version
    elif (version := _version(str(path))) is not None:
        found[path] = version
    return found


def changed(before: Mapping[Path, Version], now: Mapping[Path, Version]) -> list[Path]:
    """Return the files that are new or were written, the one written last at the end."""
    return sorted((path for path in now if before.get(path) != now[path]), key=lambda path: now[path].modified)


def newest(found: Mapping[Path, Version]) -> Path | None:
    """Return the file that was written last."""
    return max(found, key=lambda path: found[path].modified, default=None)


def _walk(folder: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            inner: list[str] = []
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                elif entry.name.endswith(SUFFIX):
                    yield entry.path
    except OSError:
        return  # removed meanwhile, or not ours to read
    if depth:
        for each in inner:
            yield from _walk(each, depth - 1)


def _version(path: str) -> Version | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - many files, often
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Version(found.st_size, found.st_mtime_ns, found.st_ino)
