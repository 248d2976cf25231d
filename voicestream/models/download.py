"""Fetching one model: what is missing, from the byte on where it stopped, and nothing that is not what it should be."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, disk, licences, manifest
from voicestream.models.atomic_files import digest, put_in_place
from voicestream.models.manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.engines.model import Model
    from voicestream.models.model_hub import ModelHub, RemoteFile
    from voicestream.models.progress import ProgressReporter

PART_SUFFIX = ".part"


def download(
    model: Model, directory: Path, hub: ModelHub, reporter: ProgressReporter, *, extra_bytes: int = 0
) -> Manifest:
    """Bring all files of a model into ``directory``, and the manifest as the last one.

    What is there of an interrupted download, or of another program's, is used as far as the hub still has the same
    contents.

    Args:
        model: one that the hub has.
        directory: where it goes; files there that do not belong to it are deleted.
        hub: is asked.
        reporter: receives messages and progress.
        extra_bytes: room that is needed there afterwards, apart from the files; at most as much as they take.

    Raises:
        VoicestreamError: it cannot be fetched, there is no room, or a file is not what the hub says it is.
    """
    listing = hub.listing(model.repository)
    files = [listing.files[name] for name in catalogue.choose_files(model, listing.files)]
    directory.mkdir(parents=True, exist_ok=True)
    _delete_all_but(directory, {name for file in files for name in (file.name, _part_name(file))})
    missing = sum(max(file.size - _there(directory, file), 0) for file in files)
    disk.check_room(directory, missing + min(extra_bytes, sum(file.size for file in files)), model.name)
    if missing:
        reporter.note(f"fetching {model.name} from {hub.host}: {catalogue.in_words(missing)}")
    records: dict[str, FileRecord] = {}
    for file in files:
        try:
            records[file.name] = _one_file(model, directory, file, hub, revision=listing.revision, reporter=reporter)
        except OSError as error:
            if disk.is_full(error):
                raise disk.full(directory, error) from error
            raise
    found = Manifest(
        name=model.name,
        repository=model.repository,
        revision=listing.revision,
        licence=model.licence,
        finished=licences.today(),
        files=records,
    )
    manifest.write(directory, found)
    return found


def _one_file(
    model: Model, directory: Path, file: RemoteFile, hub: ModelHub, *, revision: str, reporter: ProgressReporter
) -> FileRecord:
    path = directory / file.name
    if path.exists():
        record = _checked(path, file, reporter)
        if record is not None:
            return record
        path.unlink()
    part = directory / _part_name(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    if not part.exists() and (cached := hub.cached((model.repository, *model.also_at), file)) is not None:
        shutil.copyfile(cached, part)
    if not part.exists() or part.stat().st_size < file.size:
        hub.fetch(
            model.repository,
            revision,
            file,
            part,
            lambda done: reporter.progress(f"fetching {file.name}", done, file.size),
        )
    record = _checked(part, file, reporter)
    if record is None:
        part.unlink()
        raise VoicestreamError(
            f"{file.name} from {hub.host} is not what {model.repository} says it is (its checksum is wrong): deleted",
            hint="Type the same command again to fetch it anew; if it comes again, something in between changes it.",
        )
    put_in_place(part, path)
    return record


def _checked(path: Path, file: RemoteFile, reporter: ProgressReporter) -> FileRecord | None:
    """What is in a file, if it is what the hub says."""
    found = digest(path, lambda done: reporter.progress(f"verifying {file.name}", done, file.size))
    own = found.sha256 if file.sha256 is not None else found.git_blob
    is_right = found.size == file.size and own == file.fingerprint
    return FileRecord(size=found.size, sha256=found.sha256) if is_right else None


def _part_name(file: RemoteFile) -> str:
    """The name until it is whole; another content under the same name gets another one."""
    return f"{file.name}.{file.fingerprint[:16]}{PART_SUFFIX}"


def _there(directory: Path, file: RemoteFile) -> int:
    for path in (directory / file.name, directory / _part_name(file)):
        if path.exists():
            return path.stat().st_size
    return 0


def _delete_all_but(directory: Path, names: set[str]) -> None:
    for path in directory.rglob("*"):
        if str(path.relative_to(directory)) not in names and path.is_file():
            path.unlink()
