"""Named shared memory (``multiprocessing.shared_memory``) without the resource tracker.

The resource tracker is a process of its own that removes a segment as soon as any process that attached to it ends,
although others still use it (python/cpython#82300). From Python 3.13 on ``track=False`` keeps a segment out of it.
Before, the class below runs the standard library's methods with a tracker that records nothing; other users of
``SharedMemory`` in the process are not affected.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
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
"""Of every name; macOS allows 30 bytes for the whole of it."""

RANDOM_BYTES: Final = 8
"""Of a name, so that nobody else can take it beforehand."""

_NAME: Final = re.compile(PREFIX + r"-(\d{1,10})-[0-9a-f]{16}")

_PRIVATE_MODE: Final = 0o600

DIRECTORY: Final = Path("/dev/shm")  # noqa: S108 - where Linux has named shared memory; names are checked


class UnsafeSegmentError(OSError):
    """A segment that belongs to somebody else, is open to others, or is empty."""


class _NoTracker:
    """Stands in for ``multiprocessing.resource_tracker``."""

    @staticmethod
    def register(name: str, kind: str) -> None:
        """Record nothing."""

    @staticmethod
    def unregister(name: str, kind: str) -> None:
        """Nothing was recorded."""


def _without_tracker(method: Callable[..., None]) -> Any:  # noqa: ANN401 - it takes the place of a method
    """A copy of a method of ``SharedMemory`` for which the module's ``resource_tracker`` is ours."""
    function = cast("types.FunctionType", method)
    names = vars(shared_memory) | {"resource_tracker": _NoTracker}
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


class UntrackedMemory(SharedMemory):
    """``SharedMemory`` that no resource tracker knows; ``create`` and ``attach`` make it."""

    if TYPE_CHECKING:  # for the checkers, which look at Python 3.11, these are the methods of SharedMemory
        pass
    elif sys.version_info >= (3, 13):

        def __init__(self, name: str, create: bool = False, size: int = 0) -> None:  # noqa: FBT001, FBT002 - as there
            super().__init__(name, create, size, track=False)
    else:
        __init__ = _without_tracker(SharedMemory.__init__)
        unlink = _without_tracker(SharedMemory.unlink)

    def __del__(self) -> None:
        """Close it, or leave that to the kernel: at the end of the interpreter somebody may still hold a view."""
        with contextlib.suppress(BufferError, OSError):
            self.close()

    @property
    def view(self) -> memoryview:
        """All of its bytes, writable; released by ``close``."""
        return cast("memoryview", self.buf)

    @property
    def descriptor(self) -> int:
        """Of the open segment; closed by ``close``."""
        return cast("int", vars(self)["_fd"])


def new_name() -> str:
    """A name that nobody can guess, with the user's id in it."""
    return f"{PREFIX}-{os.geteuid()}-{secrets.token_hex(RANDOM_BYTES)}"


def is_ours(name: str) -> bool:
    """Whether ``new_name`` can have made this for the user that we run as."""
    found = _NAME.fullmatch(name)
    return found is not None and found[1] == str(os.geteuid())


def create(name: str, size: int) -> UntrackedMemory:
    """Make a segment that only this user can open, with all of its memory reserved.

    Args:
        name: from ``new_name``.
        size: in bytes.

    Raises:
        OSError: there is no room, the name is taken, or the system has no named shared memory.
    """
    made = UntrackedMemory(name, create=True, size=size)
    try:
        _check(made.descriptor, name)
        # Held as long as any copy of this descriptor is open: so others know that somebody is there.
        fcntl.flock(made.descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(made.descriptor, 0, size)
    except OSError:
        made.unlink()
        made.close()
        raise
    return made


def attach(name: str) -> UntrackedMemory:
    """Open a segment that another process of this user made.

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
    """Remove a segment of this user by its name; False when there is none, or when it is not ours.

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
    """Remove segments of this user whose makers are gone, whatever ended them; returns their names.

    A maker that has not taken its lock yet may lose its name by this, and hands on its descriptor then. Other systems
    than Linux do not list shared memory: nothing is removed there.
    """
    try:
        names = [path.name for path in DIRECTORY.iterdir() if is_ours(path.name)]
    except OSError:
        return []  # there is no named shared memory here
    return [name for name in names if _remove_unheld(name)]


def _remove_unheld(name: str) -> bool:
    try:
        found = attach(name)
    except OSError:
        return False  # it is gone, or none of our making
    try:
        fcntl.flock(found.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found.unlink()
    except OSError:
        return False  # it is held, or somebody else was quicker
    else:
        return True
    finally:
        found.close()


def leads_to(name: str, descriptor: int) -> bool:
    """Whether a name still stands for the segment behind a descriptor."""
    try:
        found = attach(name)
    except OSError:
        return False
    try:
        return os.path.samestat(os.fstat(found.descriptor), os.fstat(descriptor))
    finally:
        found.close()


def _check(descriptor: int, name: str) -> None:
    """Make sure that a segment is this user's alone.

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
