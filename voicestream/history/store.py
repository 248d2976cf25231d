"""Directory of the history: one private file a session, checked before use, bounded in age, number and size.

The directory has mode 0700 and the files 0600. Symbolic links are not followed, and files of other users or open to
them are neither read nor written. A file that is being written is locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from voicestream.config import user_directories
from voicestream.errors import ConfigurationError, UsageError
from voicestream.history import record
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from voicestream.history.record import Record

MAX_FILE_BYTES: Final = 4 << 20
"""Limit of the file of one session: about a day of speech."""

MAX_TOTAL_BYTES: Final = 64 << 20
"""Limit of all files; the oldest are removed first."""

MAX_FILES: Final = 1000

DAY_SECONDS: Final = 86_400.0

_NAME: Final = re.compile(r"(\d{8}-\d{6}\.\d{6})-([0-9a-f]{8})\.jsonl")
"""Local time and id of a session."""


def directory() -> Path:
    """Return the directory, whether it exists or not."""
    return user_directories.state() / "history"


def now() -> datetime:
    """Return the present time with its offset from UTC."""
    return datetime.now(tz=UTC).astimezone()  # noqa: TID251 - dates for people, and ages in days


class PrivateDirectory:
    """The directory, open and checked; a context manager."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open and check the directory.

        Args:
            path: of the directory.
            create: make it if there is none.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be made or opened, or is not the user's alone; ``strerror`` says which.
        """
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
        self.path: Final = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _check(os.fstat(self._descriptor), path)
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory."""
        os.close(self._descriptor)

    def names(self) -> list[str]:
        """Return the names of all sessions' files, the newest first."""
        found = os.listdir(self._descriptor)  # noqa: PTH208 - of the directory that was checked
        return sorted((name for name in found if _NAME.fullmatch(name)), reverse=True)

    def create(self) -> int:
        """Create the file of a new session, locked for its writer; returns its descriptor.

        Raises:
            OSError: it cannot be created.
        """
        name = f"{now().strftime('%Y%m%d-%H%M%S.%f')}-{os.urandom(4).hex()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone counts as removed."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    @contextmanager
    def opened(self, name: str) -> Generator[tuple[int, os.stat_result]]:
        """Open a file to read within the block.

        Raises:
            OSError: it cannot be opened, or is not a regular file of the user alone.
        """
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file", name)
            _check(found, self.path / name)
            yield descriptor, found
        finally:
            os.close(descriptor)

    def read(self, name: str) -> Record | None:
        """Return the session of a file; None if it is not one, or not private."""
        found_name = _NAME.fullmatch(name)
        if found_name is None:
            return None
        try:
            with self.opened(name) as (descriptor, _), os.fdopen(os.dup(descriptor), "rb") as file:
                data = file.read(MAX_FILE_BYTES)
                is_open = _is_locked(descriptor)
        except OSError:
            return None
        return record.read(data, found_name[2], self.path / name, is_open=is_open)

    def prune(self, days: float) -> None:
        """Remove files older than so many days, and the oldest above the limits of number and size."""
        oldest = now().timestamp() - days * DAY_SECONDS
        total_bytes = 0
        for number, name in enumerate(self.names()):
            try:
                with self.opened(name) as (descriptor, found):
                    total_bytes += found.st_size
                    is_to_go = found.st_mtime < oldest or total_bytes > MAX_TOTAL_BYTES or number >= MAX_FILES
                    if is_to_go and not _is_locked(descriptor):
                        self.remove(name)
            except OSError:
                continue  # removed by another process, or not ours


def _check(found: os.stat_result, path: Path) -> None:
    """Check that a file or directory belongs to this user alone."""
    if found.st_uid != os.getuid():
        raise PermissionError(errno.EPERM, f"it belongs to user {found.st_uid}", str(path))
    if found.st_mode & 0o077:
        raise PermissionError(
            errno.EPERM, f"it is open to other users (mode {stat.S_IMODE(found.st_mode):04o})", str(path)
        )


def reason(error: OSError) -> str:
    """Return the reason of an error for people."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it is not a directory (symbolic links are not followed)"
    return error.strerror or type(error).__name__


def _is_locked(descriptor: int) -> bool:
    """Return whether a writer holds the lock of a file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def sessions(limit: int | None = None) -> list[Record]:
    """Return the last recorded sessions, the newest first.

    Raises:
        ConfigurationError: the directory cannot be read, or is not private.
    """
    found: list[Record] = []
    with _reading() as opened:
        for name in opened.names() if opened is not None else ():
            if limit is not None and len(found) >= limit:
                break
            if opened is not None and (one := opened.read(name)) is not None:
                found.append(one)
    return found


def session(prefix: str) -> Record:
    """Return the recorded session whose id begins with ``prefix``.

    Raises:
        UsageError: there is none, or there are several.
        ConfigurationError: the directory cannot be read, or is not private.
    """
    with _reading() as opened:
        names = opened.names() if opened is not None else []
        found = [name for name in names if prefix and _NAME.sub(r"\2", name).startswith(prefix.lower())]
        shown = one_line(prefix)[:40]
        if len(found) > 1:
            ids = ", ".join(_NAME.sub(r"\2", name) for name in found[:5])
            raise UsageError(f'{len(found)} sessions begin with "{shown}"', hint=f"Give one of: {ids}")
        read = opened.read(found[0]) if opened is not None and found else None
    if read is None:
        raise UsageError(f'there is no session "{shown}" in the history', hint="voicestream history")
    return read


def prune(days: float) -> None:
    """Remove what is older than so many days, or above the limits.

    Raises:
        ConfigurationError: the directory is not private.
    """
    with _reading() as opened:
        if opened is not None:
            opened.prune(days)


def clear() -> int:
    """Remove all files, also those that are being written; returns their number.

    Raises:
        ConfigurationError: a file cannot be removed, or the directory is not private.
    """
    with _reading() as opened:
        names = opened.names() if opened is not None else []
        for name in names:
            if opened is not None:
                opened.remove(name)
    return len(names)


@contextmanager
def _reading() -> Generator[PrivateDirectory | None]:
    """Open the directory; None if there is none.

    Raises:
        ConfigurationError: it cannot be used.
    """
    path = directory()
    try:
        with PrivateDirectory(path) as opened:
            yield opened
    except FileNotFoundError:
        yield None
    except OSError as error:
        is_open = isinstance(error, PermissionError) and "mode" in (error.strerror or "")
        hint = f"Try: chmod 700 {path}" if is_open else "Set XDG_STATE_HOME to another directory."
        raise ConfigurationError(f"cannot use {path}: {reason(error)}", hint=hint) from error
