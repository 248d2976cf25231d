"""Run directory: the socket and the lock through which a user's processes find each other.

A process that can connect to the socket can read and send everything on it, so the directory is the protection: mode
0700, owned by us, not a symlink, checked before every use. The holder of the lock is *the* supervisor. The socket is
bound only under the lock, because a second bind to an ipc path silently steals it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import RunDirectoryError
from voicestream.protocol import hook_socket, process_watch
from voicestream.protocol.hook_socket import ENVIRONMENT_VARIABLE, MAX_SOCKET_PATH_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PATH_BYTES: Final = MAX_SOCKET_PATH_BYTES - len(hook_socket.SOCKET_NAME) - 1
"""Upper bound of the path of a run directory."""

MAX_NOTE_BYTES: Final = 64
"""Upper bound of the note that the lock holder writes about itself."""

MAX_SEGMENT_NAME_BYTES: Final = 255
"""Length of a file name, which the name of shared memory is on Linux."""

LOCK_RETRY_SECONDS: Final = 0.5
"""A client that checks the lock holds it for some microseconds itself."""

_log = logging.getLogger(__name__)


def default_path(environment: Mapping[str, str], uid: int) -> Path:
    """Return the path of this user's run directory (see ``hook_socket.default_path``)."""
    return Path(hook_socket.default_path(environment, uid))


class RunDirectory:
    """The run directory at ``path``; call ``prepare`` before anything else."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.hub: Final = path / "hub"
        self.hook: Final = path / hook_socket.SOCKET_NAME
        """Socket for the events of agents' hooks."""
        self.hook_journal: Final = path / "hook.json"
        self._lock_path: Final = path / "lock"
        self._segment_path: Final = path / "segment"
        self._lock: int | None = None

    @classmethod
    def of_this_user(cls) -> RunDirectory:
        """Return the run directory of the current user."""
        return cls(default_path(os.environ, os.getuid()))

    def prepare(self) -> None:
        """Create the directory if needed, and check that it belongs to this user alone.

        Raises:
            RunDirectoryError: it is a symlink or no directory, belongs to somebody else, is open to others, cannot be
                made, or its path is too long for a socket.
        """
        if not hook_socket.is_text(str(self.path)):
            raise RunDirectoryError(
                f"the path {self.path} is not in UTF-8, as a socket's must be",
                hint=f"Set {ENVIRONMENT_VARIABLE} to another path.",
            )
        if not hook_socket.fits(str(self.path)):
            raise RunDirectoryError(
                f"the path {self.path} is too long for a socket (at most {MAX_PATH_BYTES} bytes)",
                hint=f"Set {ENVIRONMENT_VARIABLE} to a shorter path.",
            )
        while True:
            try:
                self.path.mkdir(mode=0o700)
            except FileExistsError:
                pass  # the usual case; the existing directory is checked below
            except OSError as error:
                raise RunDirectoryError(
                    f"cannot make the run directory {self.path}: {error.strerror}",
                    hint=f"Set {ENVIRONMENT_VARIABLE} to a directory below one that you may write to.",
                ) from error
            try:
                found = self.path.lstat()
            except FileNotFoundError:
                continue  # a supervisor that was ending removed it between the two checks
            self._inspect(found)
            return

    def check(self) -> None:
        """Check that the directory belongs to this user alone.

        Raises:
            RunDirectoryError: as for ``prepare``; also when it is not there.
        """
        try:
            found = self.path.lstat()
        except OSError as error:
            raise RunDirectoryError(f"cannot use the run directory {self.path}: {error.strerror}") from error
        self._inspect(found)

    def _inspect(self, found: os.stat_result) -> None:
        elsewhere = f"Set {ENVIRONMENT_VARIABLE} to a path of your own."
        if not stat.S_ISDIR(found.st_mode):
            raise RunDirectoryError(f"{self.path} is not a directory (symlinks are not followed)", hint=elsewhere)
        if found.st_uid != os.getuid():
            raise RunDirectoryError(
                f"the run directory {self.path} belongs to user {found.st_uid}, not to you", hint=elsewhere
            )
        if found.st_mode & 0o077:
            raise RunDirectoryError(
                f"the run directory {self.path} is open to other users (mode {stat.S_IMODE(found.st_mode):04o})",
                hint=f"Try: chmod 700 {self.path}",
            )

    def acquire(self) -> bool:
        """Take the lock and become the supervisor of this directory; False if another process holds it.

        Raises:
            RunDirectoryError: as for ``prepare``; also when the lock file cannot be opened.
        """
        deadline = time.monotonic() + LOCK_RETRY_SECONDS
        while True:
            try:
                descriptor = self._open_lock(os.O_CREAT)
            except FileNotFoundError:
                self.prepare()  # the previous supervisor has removed the directory since the check
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.01)
                continue
            if self._is_current(descriptor):
                self._lock = descriptor
                _note_holder(descriptor)
                return True
            os.close(descriptor)  # a supervisor that was ending removed the file between open and flock

    def is_held(self) -> bool:
        """Return whether a supervisor holds this directory now."""
        try:
            descriptor = self._open_lock()
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def noted_holder(self) -> str:
        """Return the identity that the lock holder has noted (``process_watch.identity``); empty if there is none.

        The note of a predecessor stays until the next holder of the lock has written its own.

        Raises:
            RunDirectoryError: the lock cannot be opened.
        """
        try:
            descriptor = self._open_lock()
        except FileNotFoundError:
            return ""
        try:
            return os.pread(descriptor, MAX_NOTE_BYTES, 0).decode("ascii", "replace").strip()
        finally:
            os.close(descriptor)

    def lock_identity(self) -> tuple[int, int] | None:
        """Return device and inode of the lock file; None if there is none."""
        try:
            found = self._lock_path.stat(follow_symlinks=False)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def is_intact(self) -> bool:
        """Return, under the lock, whether clients can still find this supervisor; False once a part was deleted."""
        return self._lock is not None and self._is_current(self._lock) and self.hub.exists()

    def record_segment(self, name: str) -> None:
        """Record, under the lock, the name of shared memory about to be created, for the ``sweep`` of the next start.

        Raises:
            OSError: the note cannot be written.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._segment_path, flags, 0o600)
        try:
            os.write(descriptor, name.encode())
        except OSError:
            self._segment_path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def sweep(self) -> bool:
        """Remove, under the lock, the sockets and shared memory of a killed supervisor; True if there were any.

        Raises:
            OSError: the system refuses.
        """
        swept = self._sweep_segment()
        self.hook.unlink(missing_ok=True)
        try:
            self.hub.unlink()
        except FileNotFoundError:
            return swept
        return True

    def _sweep_segment(self) -> bool:
        try:
            descriptor = os.open(self._segment_path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            name = os.read(descriptor, MAX_SEGMENT_NAME_BYTES).decode("ascii", "replace")
        finally:
            os.close(descriptor)
        from voicestream.protocol import untracked_memory  # noqa: PLC0415 - a client, which never sweeps, starts sooner without

        try:
            return untracked_memory.remove(name)
        except OSError as error:
            _log.warning("cannot remove the shared memory %s: %s", name, error)
            return False
        finally:
            self._segment_path.unlink()

    def remove(self) -> None:
        """Remove, under the lock, the sockets, the lock and the directory (libzmq leaves its socket).

        The journal of hooks stays for the next supervisor while agents' sessions are open, and the directory with it.
        """
        lock, self._lock = self._lock, None
        if lock is None:
            return
        if not self._is_current(lock):
            os.close(lock)
            lock = self._take_again()
        if lock is None:
            return
        for path in (self.hub, self.hook, self._segment_path, self._lock_path):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the directory has files of others in it
            self.path.rmdir()
        os.close(lock)

    def _take_again(self) -> int | None:
        """Lock the remaining directory after our lock file was deleted, unless a successor holds it already."""
        if not self.hub.exists() or not self.acquire():
            return None
        lock, self._lock = self._lock, None
        return lock

    def _open_lock(self, flags: int = 0) -> int:
        try:
            return os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise RunDirectoryError(
                f"cannot open the lock {self._lock_path}: {error.strerror}",
                hint=f"Try: ls -l {self.path}",
            ) from error

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = self._lock_path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        held = os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def _note_holder(descriptor: int) -> None:
    """Write, under the lock, the identity of this process, which a forced shutdown needs."""
    with contextlib.suppress(OSError):  # full disk: a forced shutdown is then not possible, and reports it
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, process_watch.identity(os.getpid()).encode(), 0)
