"""Named shared memory without the resource tracker of ``multiprocessing.shared_memory``.

The resource tracker is a process that removes a segment as soon as any process that attached to it ends, although
others still use it (python/cpython#82300); ``track=False`` exists from Python 3.13 on. So the class below calls the
functions below ``SharedMemory`` itself. It also spares supervisor, tts and player the import of ``multiprocessing``,
15 ms each.
"""

from __future__ import annotations

import _posixshmem
import contextlib
import fcntl
import mmap
import os
import re
import stat
import sys
from pathlib import Path
from typing import Final

PREFIX: Final = "vs" if sys.platform == "darwin" else "voicestream"
"""Prefix of every name; macOS allows 30 bytes for the whole name."""

RANDOM_BYTES: Final = 8
"""Random bytes in a name, so that others cannot take it beforehand."""

_NAME: Final = re.compile(PREFIX + r"-(\d{1,10})-[0-9a-f]{16}")

_PRIVATE_MODE: Final = 0o600

DIRECTORY: Final = Path("/dev/shm")  # noqa: S108 - where Linux has named shared memory; names are checked


class UnsafeSegmentError(OSError):
    """A segment belongs to another user, is open to others, or is empty."""


class UntrackedMemory:
    """Open segment, returned by ``create`` and ``attach``."""

    def __init__(self, name: str, size: int = 0) -> None:
        """Open a segment.

        Args:
            name: without a slash.
            size: in bytes, of one that is created; 0: it exists.

        Raises:
            OSError: it cannot be opened or created.
            ValueError: it exists and is empty.
        """
        self.name: Final = name
        flags = os.O_RDWR | (os.O_CREAT | os.O_EXCL if size else 0)
        self.descriptor = _posixshmem.shm_open(f"/{name}", flags, mode=_PRIVATE_MODE)
        """Closed by ``close``."""
        try:
            if size:
                os.ftruncate(self.descriptor, size)
            self.size: Final = os.fstat(self.descriptor).st_size
            self._map = mmap.mmap(self.descriptor, self.size)
        except (OSError, ValueError):
            os.close(self.descriptor)
            if size:
                self.unlink()
            raise
        self.view: Final = memoryview(self._map)
        """Writable view of all bytes, released by ``close``."""

    def close(self) -> None:
        """Unmap it and close its descriptor; every view of it must be released before."""
        self.view.release()
        self._map.close()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def unlink(self) -> None:
        """Remove its name; who has it open keeps it."""
        _posixshmem.shm_unlink(f"/{self.name}")

    def __del__(self) -> None:
        """Close it, or leave that to the kernel: at interpreter shutdown a view may still be held."""
        with contextlib.suppress(AttributeError, BufferError, OSError):
            self.close()


def new_name() -> str:
    """Return a new name that cannot be guessed and contains the user's id."""
    return f"{PREFIX}-{os.geteuid()}-{os.urandom(RANDOM_BYTES).hex()}"


def is_ours(name: str) -> bool:
    """Return whether a name has the form of ``new_name`` for the current user."""
    found = _NAME.fullmatch(name)
    return found is not None and found[1] == str(os.geteuid())


def create(name: str, size: int) -> UntrackedMemory:
    """Create a segment that only this user can open, with all memory reserved.

    Args:
        name: from ``new_name``.
        size: in bytes.

    Raises:
        OSError: there is no room, the name is taken, or the system has no named shared memory.
    """
    made = UntrackedMemory(name, size)
    try:
        _check(made.descriptor, name)
        # The lock is held as long as any copy of this descriptor is open: it shows that the segment is in use.
        fcntl.flock(made.descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(made.descriptor, 0, size)
    except OSError:
        made.unlink()
        made.close()
        raise
    return made


def attach(name: str) -> UntrackedMemory:
    """Open a segment that another process of this user created.

    Raises:
        FileNotFoundError: there is none.
        UnsafeSegmentError: it belongs to somebody else, others may open it, or it is empty.
        OSError: it cannot be opened.
    """
    try:
        found = UntrackedMemory(name)
    except ValueError as error:
        raise UnsafeSegmentError(f"the shared memory {name} is empty") from error
    try:
        _check(found.descriptor, name)
    except UnsafeSegmentError:
        found.close()
        raise
    return found


def remove(name: str) -> bool:
    """Remove a segment of this user by name; False if there is none or it is not this user's.

    Raises:
        OSError: the system refuses.
    """
    if not is_ours(name):
        return False
    with contextlib.suppress(FileNotFoundError, UnsafeSegmentError):
        found = attach(name)
        try:
            found.unlink()
        finally:
            found.close()
        return True
    return False


def sweep() -> list[str]:
    """Remove this user's segments whose creators are gone, and return their names.

    A creator that has not taken its lock yet may lose its name by this; it then falls back to its descriptor. Only
    Linux lists shared memory: on other systems nothing is removed.
    """
    try:
        names = [path.name for path in DIRECTORY.iterdir() if is_ours(path.name)]
    except OSError:
        return []  # no named shared memory on this system
    return [name for name in names if _remove_unheld(name)]


def _remove_unheld(name: str) -> bool:
    try:
        found = attach(name)
    except OSError:
        return False  # it is gone, or not created by us
    try:
        fcntl.flock(found.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found.unlink()
    except OSError:
        return False  # it is in use, or another process was faster
    else:
        return True
    finally:
        found.close()


def refers_to(name: str, descriptor: int) -> bool:
    """Return whether a name still refers to the segment behind a descriptor."""
    try:
        found = attach(name)
    except OSError:
        return False
    try:
        return os.path.samestat(os.fstat(found.descriptor), os.fstat(descriptor))
    finally:
        found.close()


def _check(descriptor: int, name: str) -> None:
    """Check that a segment belongs to this user alone.

    Raises:
        UnsafeSegmentError: it is not.
    """
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        raise UnsafeSegmentError(f"the shared memory {name} belongs to user {found.st_uid}, not to us")
    if stat.S_IMODE(found.st_mode) != _PRIVATE_MODE:
        raise UnsafeSegmentError(
            f"the shared memory {name} is open to other users (mode {stat.S_IMODE(found.st_mode):04o})"
        )
