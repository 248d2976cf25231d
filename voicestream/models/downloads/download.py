"""Resumable download of one model, with checksums of every file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from voicestream.atomic_files import digest, move_into_place
from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, licences, manifest
from voicestream.models.downloads import disk, pinned_files
from voicestream.models.manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.engines.model import Model
    from voicestream.models.downloads.model_hub import ModelHub, RemoteFile
    from voicestream.models.downloads.pinned_files import PinnedFiles
    from voicestream.models.progress import ProgressReporter

PART_SUFFIX = ".part"


def download(
    model: Model, directory: Path, hub: ModelHub | PinnedFiles, reporter: ProgressReporter, *, extra_bytes: int = 0
) -> Manifest:
    """Download all files of a model into ``directory``, and write the manifest last.

    Files of an interrupted download, or of another program's, are reused if the hub still has the same contents.

    Args:
        model: a model that the hub has.
        directory: target; other files in it are deleted.
        hub: the model hub.
        reporter: receives messages and progress.
        extra_bytes: space needed afterwards in addition to the files; at most their size.

    Raises:
        VoicestreamError: the download failed, the disk is full, or a checksum is wrong.
    """
    listing = hub.listing(model.repository)
    names = sorted(listing.files) if model.files else catalogue.choose_files(model, listing.files)
    files = [listing.files[name] for name in names]
    directory.mkdir(parents=True, exist_ok=True)
    _delete_all_but(directory, {name for file in files for name in (file.name, _part_name(file))})
    missing = sum(max(file.size - _there(directory, file), 0) for file in files)
    disk.check_room(directory, missing + min(extra_bytes, sum(file.size for file in files)), model.name)
    if missing:
        reporter.note(f"fetching {model.name} from {hub.host}: {catalogue.format_size(missing)}")
    records: dict[str, FileRecord] = {}
    for file in files:
        try:
            records[file.name] = _one_file(model, directory, file, hub, revision=listing.revision, reporter=reporter)
        except OSError as error:
            if disk.is_full(error):
                raise disk.full(directory, error) from error
            raise
    if model.files:
        records = _unpacked(model, directory)
    found = Manifest(
        name=model.name,
        repository=model.repository,
        revision=listing.revision,
        licence=model.licence,
        finished=licences.today(),
        files=records,
        direction=model.direction,
    )
    manifest.write(directory, found)
    _delete_all_but(directory, {*records, manifest.NAME})
    return found


def _unpacked(model: Model, directory: Path) -> dict[str, FileRecord]:
    """Unpack verified files, and return the records of the installed ones."""
    records: dict[str, FileRecord] = {}
    for name in pinned_files.unpack(model, directory):
        found = digest(directory / name)
        records[name] = FileRecord(size=found.size, sha256=found.sha256)
    return records


def _one_file(
    model: Model,
    directory: Path,
    file: RemoteFile,
    hub: ModelHub | PinnedFiles,
    *,
    revision: str,
    reporter: ProgressReporter,
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
            hint="Type the same command again; if it fails again, a proxy or the server changes the file.",
        )
    move_into_place(part, path)
    return record


def _checked(path: Path, file: RemoteFile, reporter: ProgressReporter) -> FileRecord | None:
    """Return the record of a file if its checksum is that of the hub; otherwise None."""
    found = digest(path, lambda done: reporter.progress(f"verifying {file.name}", done, file.size))
    own = found.sha256 if file.sha256 is not None else found.git_blob
    is_right = found.size == file.size and own == file.fingerprint
    return FileRecord(size=found.size, sha256=found.sha256) if is_right else None


def _part_name(file: RemoteFile) -> str:
    """Return the name of an unfinished file; other contents under the same name get another one."""
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
