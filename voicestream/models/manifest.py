"""Model manifest: the file that lists a model's files, origin and licence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.atomic_files import digest, is_safe_name, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "voicestream-model.json"

MAX_BYTES: Final = 1 << 20
"""Limit of the file; that of Kokoro, the longest, has 7 kB."""


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Size and hash of one file of a model."""

    size: int
    """Bytes."""
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Manifest of one model."""

    name: str
    repository: str
    revision: str
    """Commit of the repository."""
    licence: str
    finished: str
    """ISO 8601 date of installation."""
    files: dict[str, FileRecord]
    direction: tuple[str, str] | None = None
    """Codes of source and target, of a model that translates one direction only."""


def read(directory: Path) -> Manifest | None:
    """Return the manifest of a directory; None if there is none, or an invalid one."""
    try:
        found = bounded_file.read_as(directory / NAME, MAX_BYTES, Manifest)
    except (OSError, ValueError):
        return None
    # It may come from another machine: no name in it may lead out of the directory.
    return found if all(is_safe_name(name) and name != NAME for name in found.files) else None


def write(directory: Path, manifest: Manifest) -> None:
    """Write a manifest atomically."""
    write_whole(directory / NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def is_whole(directory: Path, manifest: Manifest) -> bool:
    """Return whether all files are there with their sizes; contents are not read."""
    try:
        return all((directory / name).stat().st_size == record.size for name, record in manifest.files.items())
    except OSError:
        return False


def damaged(
    directory: Path, manifest: Manifest, on_progress: Callable[[str, int, int], None] | None = None
) -> dict[str, str]:
    """Return the damaged or missing files with the reason for each; all contents are read.

    Args:
        directory: the model.
        manifest: its manifest.
        on_progress: receives the name of a file, the number of bytes read so far, and its size.
    """
    wrong: dict[str, str] = {}
    for name, record in manifest.files.items():

        def report_bytes(done: int, name: str = name, size: int = record.size) -> None:
            if on_progress is not None:
                on_progress(name, done, size)

        try:
            found = digest(directory / name, report_bytes)
        except FileNotFoundError:
            wrong[name] = "is missing"
        except OSError as error:
            wrong[name] = f"cannot be read: {error.strerror}"
        else:
            if (found.size, found.sha256) != (record.size, record.sha256):
                wrong[name] = (
                    f"is {found.size} bytes with SHA-256 {found.sha256}, not {record.size} with {record.sha256}"
                )
    return wrong
