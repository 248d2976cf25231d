"""Named shared memory (``multiprocessing.shared_memory``) without the resource tracker.

The resource tracker is a process that removes a segment as soon as any process that attached to it ends, although
others still use it (python/cpython#82300). From Python 3.13 on ``track=False`` keeps a segment out of it. On older
versions the class below runs the standard library's methods with a tracker that records nothing; other users of
``SharedMemory`` in the process are not affected.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import sys
import types
from multiprocessing import shared_memory
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = "vs" if sys.platform == "darwin" else "voicestream"
"""Prefix of every name; macOS allows 30 bytes for the whole name."""

RANDOM_BYTES: Final = 8
"""Random bytes in a name, so that others cannot take it beforehand."""

_NAME: Final = re.compile(PREFIX + r"-(\d{1,10})-[0-9a-f]{16}")

_PRIVATE_MODE: Final = 0o600

DIRECTORY: Final = Path("/dev/shm")  # noqa: S108 - where Linux has named shared memory; names are checked


class UnsafeSegmentError(OSError):
    """A segment belongs to another user, is open to others, or is empty."""


class _NoTracker:
    """Substitute for ``multiprocessing.resource_tracker``."""

    @staticmethod
    def register(name: str, kind: str) -> None:
        """Record nothing."""

    @staticmethod
    def unregister(name: str, kind: str) -> None:
        """Do nothing: nothing was registered."""


def _without_tracker(method: Callable[..., None]) -> Any:  # noqa: ANN401 - it takes the place of a method
    """Copy a method of ``SharedMemory`` with ``_NoTracker`` as its module's ``resource_tracker``."""
    function = cast("types.FunctionType", method)
    names = vars(shared_memory) | {"resource_tracker": _NoTracker}
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


class UntrackedMemory(SharedMemory):
    """``SharedMemory`` without resource tracker, returned by ``create`` and ``attach``."""

    if TYPE_CHECKING:  # type checkers, which check for Python 3.11, see the methods of SharedMemory here
        pass
    elif sys.version_info >= (3, 13):

        def __init__(self, name: str, create: bool = False, size: int = 0) -> None:  # noqa: FBT001, FBT002 - as there
            super().__init__(name, create, size, track=False)
    else:
        __init__ = _without_tracker(SharedMemory.__init__)
        unlink = _without_tracker(SharedMemory.unlink)

    def __del__(self) -> None:
        """Close it, or leave that to the kernel: at interpreter shutdown a view may still be held."""
        with contextlib.suppress(BufferError, OSError):
            self.close()

    @property
    def view(self) -> memoryview:
        """Return a writable view of all bytes, released by ``close``."""
        return cast("memoryview", self.buf)

    @property
    def descriptor(self) -> int:
        """Return the descriptor of the open segment, closed by ``close``."""
        return cast("int", vars(self)["_fd"])


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
    made = UntrackedMemory(name, create=True, size=size)
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
