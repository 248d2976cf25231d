"""Model store: the directory of installed models."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.atomic_files import total_bytes
from voicestream.config.engine_settings import MODELS_VARIABLE
from voicestream.errors import ConfigurationError, VoicestreamError
from voicestream.models import manifest
from voicestream.models.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from voicestream.models.manifest import Manifest

UNFINISHED: Final = ".unfinished"
"""Sub-directory of unfinished models, which is not searched for models."""


@dataclass(frozen=True)
class Entry:
    """State of one model in the store."""

    name: str
    path: Path
    size: int
    """Bytes on disk."""
    manifest: Manifest | None
    """None: the model is incomplete."""


class ModelStore:
    """A directory of models: ``location.directory()``, or one to carry to another machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, name: str) -> Path:
        """Return the path of an installed model."""
        return self.root / name

    def unfinished_path_of(self, name: str) -> Path:
        """Return its path while it is unfinished."""
        return self.root / UNFINISHED / name

    def installed(self, name: str) -> Manifest | None:
        """Return the manifest of a model whose files all exist with their sizes."""
        found = manifest.read(self.path_of(name))
        return found if found is not None and manifest.is_whole(self.path_of(name), found) else None

    def entries(self) -> list[Entry]:
        """Return all models by name, complete or not.

        Raises:
            ConfigurationError: the directory cannot be read.
        """
        try:
            return self._entries()
        except OSError as error:
            raise ConfigurationError(f"cannot read {error.filename or self.root}: {error.strerror}") from error

    def _entries(self) -> list[Entry]:
        names = {path.name for path in _directories(self.root) if (path / manifest.NAME).exists()}
        names |= {name for name in catalogue() if self.path_of(name).is_dir()}
        found = {
            name: Entry(name, self.path_of(name), total_bytes(self.path_of(name)), self.installed(name))
            for name in names
        }
        for path in _directories(self.root / UNFINISHED):
            if path.name not in found:
                found[path.name] = Entry(path.name, path, total_bytes(path), None)
        return [found[name] for name in sorted(found)]

    def remove(self, name: str) -> int:
        """Delete a model and its unfinished files; returns the number of freed bytes.

        Raises:
            VoicestreamError: there is no such model, or it cannot be deleted.
        """
        gone = self.unfinished_path_of(name)
        whole = self.path_of(name)
        freed = total_bytes(gone) + total_bytes(whole)
        if not gone.is_dir() and not whole.is_dir():
            raise VoicestreamError(f"{name} is not in {self.root}", hint="Try: voicestream models list")
        try:
            with self.alone():
                self.discard(name)
                if whole.is_dir():
                    # Renamed in one step first: half a model must not be found as one.
                    whole.rename(gone)
                    self.discard(name)
        except OSError as error:
            raise VoicestreamError(f"cannot delete {error.filename or whole}: {error.strerror}") from error
        return freed

    def discard(self, name: str) -> None:
        """Delete the unfinished files of a model, if any."""
        if self.unfinished_path_of(name).exists():
            shutil.rmtree(self.unfinished_path_of(name))

    @contextmanager
    def alone(self) -> Generator[None]:
        """Lock the store against other processes until the end of the block.

        Raises:
            ConfigurationError: it cannot be written to, or is one model's directory.
            VoicestreamError: another process is changing it.
        """
        if (self.root / "config.json").exists():
            raise ConfigurationError(
                f"{self.root} is a model, not a directory of models",
                hint=f"Set {MODELS_VARIABLE} to a directory in which models may be put, or unset it.",
            )
        try:
            (self.root / UNFINISHED).mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / UNFINISHED, os.O_RDONLY)
        except OSError as error:
            raise ConfigurationError(
                f"cannot keep models in {self.root}: {error.strerror}",
                hint=f"Set {MODELS_VARIABLE} to a directory that you may write to.",
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise VoicestreamError(
                    f"another voicestream is changing the models in {self.root}",
                    hint="Wait until it has finished, then type the same command again.",
                ) from error
            yield
        finally:
            os.close(descriptor)


def _directories(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
