"""Settings file of an agent: reading, backup, and atomic replacement.

A symlink is kept, and the file that it names is replaced.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream import atomic_files, bounded_file
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 16 << 20

BACKUP_SUFFIX: Final = ".before-voicestream"

NEW_MODE: Final = 0o600


@dataclass(frozen=True)
class Snapshot:
    """Contents of the file at one moment."""

    data: bytes | None
    """None: there is no file."""

    @property
    def text(self) -> str:
        """Return the text; empty if there is no file.

        Raises:
            ConfigurationError: it is not UTF-8, or empty.
        """
        if self.data is None:
            return ""
        if not self.data.strip():
            raise ConfigurationError("empty")
        try:
            return self.data.decode()
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"byte {error.start + 1} is not UTF-8") from error


class SettingsFile:
    """One settings file, with the backup beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._target = path.resolve()
        """The file itself, behind any symlinks."""
        self._backup = self._target.with_name(f"{self._target.name}{BACKUP_SUFFIX}")

    def read(self) -> Snapshot:
        """Read the file.

        Raises:
            ConfigurationError: it cannot be read.
        """
        try:
            return Snapshot(bounded_file.read(self._target, MAX_BYTES))
        except FileNotFoundError:
            return Snapshot(None)
        except OSError as error:
            raise self._error("read", error) from error

    def original(self) -> str | None:
        """Return the text of the backup; empty if there was no file then, None if there is no backup."""
        try:
            return bounded_file.read(self._backup, MAX_BYTES).decode()
        except (OSError, UnicodeDecodeError):
            return None

    def keep_backup(self, before: Snapshot) -> Path:
        """Write the backup; one of an empty file means that there was none. Returns its path.

        Raises:
            ConfigurationError: it cannot be written.
        """
        try:
            self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_files.write_whole(self._backup, before.data or b"", mode=self._mode())
        except OSError as error:
            raise self._error("write" if before.data is None else "write a backup of", error) from error
        return self._backup

    def replace(self, before: Snapshot, text: str | None) -> None:
        """Replace the file atomically; None removes it.

        Raises:
            ConfigurationError: it was changed since it was read, or cannot be written.
        """
        if self.read() != before:
            raise ConfigurationError(
                f"{self.path} was changed by another program in this moment; nothing was written",
                hint="Try the same command again.",
            )
        try:
            if text is None:
                self._target.unlink()
                return
            mode = self._mode()
            atomic_files.write_whole(self._target, text.encode(), mode=mode)
            self._target.chmod(mode)
        except OSError as error:
            raise self._error("write", error) from error

    def drop_backup(self) -> None:
        """Remove the backup, and a directory of which nothing is left."""
        self._backup.unlink(missing_ok=True)
        with suppress(OSError):  # it has other files
            self._target.parent.rmdir()

    def _mode(self) -> int:
        try:
            return stat.S_IMODE(os.stat(self._target).st_mode)  # noqa: PTH116 - of the file behind the symlinks
        except OSError:
            return NEW_MODE

    def _error(self, action: str, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot {action} {self.path}: {error.strerror}")
