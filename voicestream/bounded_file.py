"""Bounded reading of regular files, up to a size that a valid one can have."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

Type = TypeVar("Type")


def read(path: Path, limit: int, *, owner: int | None = None) -> bytes:
    """Return the contents of a file of at most ``limit`` bytes; a FIFO or a device is refused without waiting.

    Args:
        path: of the file.
        limit: in bytes.
        owner: user id; a file of another user and a symbolic link are refused. None: they are read.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger; ``strerror`` says which.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if owner is None else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # a NUL byte, or a character that a file name cannot have
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    except OSError as error:
        if owner is not None and path.is_symlink():
            raise OSError(errno.ELOOP, "it is a symbolic link", str(path)) from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        if owner not in (None, found.st_uid):
            raise OSError(errno.EPERM, "it belongs to another user", str(path))
        # This limit also holds for a file that grows or whose size the system does not report.
        data = file.read(limit + 1) if found.st_size <= limit else b""
    if found.st_size > limit or len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))
    return data


def read_json(path: Path, limit: int) -> Any:  # noqa: ANN401 - JSON holds anything
    """Return the contents of a JSON file of at most ``limit`` bytes.

    Raises:
        OSError: as for ``read``.
        ValueError: it is no JSON, or is nested too deeply.
    """
    return loads(read(path, limit))


def loads(data: bytes) -> Any:  # noqa: ANN401 - JSON holds anything
    """Decode JSON text.

    Raises:
        ValueError: it is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except MemoryError as error:
        raise ValueError("out of memory") from error


def read_as(path: Path, limit: int, kind: type[Type]) -> Type:
    """Return the contents of a JSON file of at most ``limit`` bytes, validated by ``msgspec``.

    Raises:
        OSError: as for ``read``.
        ValueError: it is no JSON, holds something else, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(read(path, limit), type=kind)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
