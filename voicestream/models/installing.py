"""Installation of models into a store, from the hub or a directory: atomic, and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from voicestream.atomic_files import CHUNK_BYTES, digest, move_into_place
from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, conversion, licences, manifest, packages
from voicestream.models.downloads import disk
from voicestream.models.downloads.download import download
from voicestream.models.downloads.model_hub import ModelHub
from voicestream.models.downloads.pinned_files import PinnedFiles
from voicestream.models.manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.engines.model import Model
    from voicestream.models.model_store import ModelStore
    from voicestream.models.progress import ProgressReporter


class Installer:
    """Installer of models into one store."""

    def __init__(self, store: ModelStore, reporter: ProgressReporter, *, source: ModelStore | None = None) -> None:
        """Initialize.

        Args:
            store: target.
            reporter: receives messages and progress.
            source: models downloaded elsewhere; the network is then not used.
        """
        self._store = store
        self._reporter = reporter
        self._source = source

    def install(self, model: Model, *, keep_original: bool = False) -> None:
        """Install a model if it is not installed yet. Its licence must have been accepted.

        Args:
            model: the model.
            keep_original: of a converted model, install the original, too.

        Raises:
            VoicestreamError: it is not installed; downloaded files remain for the next attempt.
        """
        with self._store.alone():
            try:
                self._install(model, keep_original=keep_original)
            except OSError as error:
                if disk.is_full(error):
                    raise disk.full(self._store.root, error) from error
                raise VoicestreamError(f"{error.filename or self._store.root}: {error.strerror or error}") from error

    def _install(self, model: Model, *, keep_original: bool) -> None:
        if self._is_installed(model):
            self._reporter.note(f"{model.name} is installed and verified: {self._store.path_of(model.name)}")
            return
        came_converted = self._source is not None and self._source.installed(model.name) is not None
        if model.original is not None and not came_converted:
            self._convert(model, catalogue.find(model.original), keep_original=keep_original)
        else:
            self._fetch(model)
            self._finish(model)
        size = catalogue.format_size(sum(record.size for record in self._installed_manifest(model).files.values()))
        self._reporter.note(f"{model.name} is installed, {size}: {self._store.path_of(model.name)}")

    def _is_installed(self, model: Model) -> bool:
        """Return whether it is installed and undamaged; a damaged one becomes unfinished again."""
        path = self._store.path_of(model.name)
        if not path.exists():
            return False
        found = manifest.read(path)
        if found is None:
            raise VoicestreamError(
                f"{path} was not installed by voicestream: it has no {manifest.NAME}",
                hint=f"Move it away, or try: voicestream models remove {model.name}",
            )
        wrong = manifest.damaged(path, found, self._verifying)
        for name, what in wrong.items():
            self._reporter.note(f"{name} of {model.name} {what}")
        if wrong:
            self._store.discard(model.name)
            path.rename(self._store.unfinished_path_of(model.name))
        return not wrong

    def _fetch(self, model: Model, *, extra_bytes: int = 0) -> None:
        """Get all files into its unfinished directory."""
        directory = self._store.unfinished_path_of(model.name)
        found = manifest.read(directory)
        if found is not None and not manifest.damaged(directory, found, self._verifying):
            return
        if self._source is not None:
            self._copy(model, self._source, directory)
        else:
            hub = PinnedFiles(model) if model.files else ModelHub()
            extra_bytes = model.disk_bytes if model.files else extra_bytes
            download(model, directory, hub, self._reporter, extra_bytes=extra_bytes)

    def _copy(self, model: Model, source: ModelStore, directory: Path) -> None:
        """Copy it from a directory and verify it against its manifest."""
        found = self._manifest_in(source, model)
        directory.mkdir(parents=True, exist_ok=True)
        disk.check_room(directory, sum(record.size for record in found.files.values()), model.name)
        self._reporter.note(f"copying {model.name} from {source.root}")
        for name, record in found.files.items():
            part = directory / f"{name}.part"
            part.parent.mkdir(parents=True, exist_ok=True)
            if (directory / name).exists() and digest(directory / name).sha256 == record.sha256:
                continue
            with (source.path_of(model.name) / name).open("rb") as there, part.open("wb") as here:
                while chunk := there.read(CHUNK_BYTES):
                    here.write(chunk)
                    self._reporter.progress(f"copying {name}", here.tell(), record.size)
            if digest(part).sha256 != record.sha256:
                part.unlink()
                raise _damaged(source.path_of(model.name), name)
            move_into_place(part, directory / name)
        manifest.write(directory, found)

    def _manifest_in(self, source: ModelStore, model: Model) -> Manifest:
        found = manifest.read(source.path_of(model.name))
        if found is None:
            raise VoicestreamError(
                f"{source.root} has no {model.name}",
                hint=f"On a machine with a network, try: voicestream models pull {model.name} --dir DIR",
            )
        return found

    def _convert(self, model: Model, original: Model, *, keep_original: bool) -> None:
        packages.check(*packages.CONVERTING)
        keep_original = keep_original or self._store.path_of(original.name).exists()
        is_there = self._is_installed(original)
        if is_there:
            source = self._store.path_of(original.name)
        elif self._source is not None and not keep_original:
            source = self._source.path_of(original.name)
            if wrong := manifest.damaged(source, self._manifest_in(self._source, original), self._verifying):
                raise _damaged(source, next(iter(wrong)))
        else:
            self._fetch(original, extra_bytes=model.disk_bytes)
            source = self._store.unfinished_path_of(original.name)
        made = self._make(model, source)
        manifest.write(self._store.unfinished_path_of(model.name), made)
        self._finish(model)
        if keep_original and not is_there:
            self._finish(original)
        self._store.discard(original.name)

    def _make(self, model: Model, source: Path) -> Manifest:
        """Convert into the unfinished directory and return the manifest."""
        self._store.discard(model.name)
        directory = self._store.unfinished_path_of(model.name)
        was = manifest.read(source)
        if was is None:  # checked before
            raise _damaged(source, manifest.NAME)
        weights = sum(record.size for record in was.files.values())
        disk.check_room(directory, min(model.disk_bytes, weights), model.name)
        try:
            conversion.convert(source, directory, model.name, self._reporter)
        except BaseException:
            self._store.discard(model.name)
            raise
        files: dict[str, FileRecord] = {}
        for path in sorted(directory.iterdir()):
            found = digest(path)
            files[path.name] = FileRecord(size=found.size, sha256=found.sha256)
        return msgspec.structs.replace(was, name=model.name, finished=licences.today(), files=files)

    def _finish(self, model: Model) -> None:
        move_into_place(self._store.unfinished_path_of(model.name), self._store.path_of(model.name))

    def _installed_manifest(self, model: Model) -> Manifest:
        return self._manifest_in(self._store, model)

    def _verifying(self, name: str, done: int, total: int) -> None:
        self._reporter.progress(f"verifying {name}", done, total)


def _damaged(directory: Path, name: str) -> VoicestreamError:
    return VoicestreamError(
        f"{name} in {directory} does not match its manifest: it was damaged",
        hint="Copy the directory here again.",
    )
