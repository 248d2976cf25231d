"""Installed models: where those of each direction are, and checks that they are what their manifests say."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.errors import EngineNotReadyError
from voicestream.models import directions, location, manifest
from voicestream.workers.engines.firefox.model import TITLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from voicestream.models.directions import Direction
    from voicestream.models.manifest import FileRecord, Manifest

_KINDS: Final = ("model", "srcvocab", "trgvocab", "vocab", "lex")
"""Kinds of files: their names up to the first dot."""


class Buffers(NamedTuple):
    """The files of one direction, as the library takes them."""

    model: bytes
    source_vocabulary: bytes
    target_vocabulary: bytes
    shortlist: bytes


class DamagedModelError(Exception):
    """A file is not what the manifest says, or cannot be read; the text names the file."""


def find(models: str) -> dict[Direction, Path]:
    """Return the directories of the installed directions.

    Args:
        models: a directory of models, or one model; empty = the user's.

    Raises:
        EngineNotReadyError: there is none.
    """
    found = directions.installed(models)
    if not found:
        raise EngineNotReadyError(
            f"there are no models of {TITLE} in {location.root(models)}",
            hint="voicestream models pull firefox-en-pt   (or another pair of languages)",
        )
    return found


def check(places: Mapping[Direction, Path], report: Callable[[str, float | None], None]) -> None:
    """Compare all files of all directions with their manifests.

    Raises:
        EngineNotReadyError: a file is damaged or missing; the hint is the command that downloads it again.
    """
    total = max(len(places), 1)
    for number, place in enumerate(places.values()):
        report(f"verifying {place.name}", number / total)
        listed = _manifest(place)
        wrong = manifest.damaged(place, listed)
        for name, reason in wrong.items():
            raise damaged(place, f"{place / name} {reason}")
        _kinds(listed.files)


def damaged(place: Path, reason: str) -> EngineNotReadyError:
    """Return the error for a model that cannot be used."""
    listed = manifest.read(place)
    name = listed.name if listed is not None else place.name
    return EngineNotReadyError(
        f"the translation model {name} is damaged: {reason}", hint=f"voicestream models pull {name}"
    )


def read(place: Path) -> Buffers:
    """Read the files of a direction, and check what was read against the manifest.

    Raises:
        DamagedModelError: they are not what the manifest says.
    """
    listed = manifest.read(place)
    if listed is None:
        raise DamagedModelError(f"{place / manifest.NAME} is missing or damaged")
    try:
        names = _kinds(listed.files)
    except EngineNotReadyError as error:
        raise DamagedModelError(str(error)) from error
    contents = {kind: _checked(place / name, listed.files[name]) for kind, name in names.items()}
    vocabulary = contents.get("vocab", b"")
    return Buffers(
        contents["model"],
        contents.get("srcvocab", vocabulary),
        contents.get("trgvocab", vocabulary),
        contents["lex"],
    )


def _checked(path: Path, record: FileRecord) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedModelError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) != record.size:
        raise DamagedModelError(f"{path} has {len(data)} bytes, not {record.size}")
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise DamagedModelError(f"{path} has another SHA-256 than its manifest says")
    return data


def _manifest(place: Path) -> Manifest:
    listed = manifest.read(place)
    if listed is None:
        raise damaged(place, f"{place / manifest.NAME} is missing or damaged")
    return listed


def _kinds(names: Mapping[str, object]) -> dict[str, str]:
    """Return the file of each kind.

    Raises:
        EngineNotReadyError: one that is needed is not listed.
    """
    found = {kind: name for name in names if (kind := name.partition(".")[0]) in _KINDS}
    lacking = {"model", "lex"} - set(found)
    if "vocab" not in found:
        lacking |= {"srcvocab", "trgvocab"} - set(found)
    if lacking:
        raise EngineNotReadyError(f"its manifest lists no {', '.join(sorted(lacking))} file")
    return found
