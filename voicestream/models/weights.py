"""Finds an engine's weights among the models of a directory: those that are whole, the newest first.

Engines say by themselves what is theirs and what must be there: one directory may hold models of several.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from voicestream import bounded_file
from voicestream.errors import EngineNotReadyError
from voicestream.models import model_store

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGURATION: Final = "config.json"
"""A directory with this file may be a model."""

TABLE_BYTES: Final = 4 << 20
"""The largest JSON file of a model that is read here; XTTS's vocabulary has 0.4 MB."""

SHOWN_CHARACTERS: Final = 80

SETUP: Final = "voicestream setup"
AGAIN: Final = f"Remove it and try: {SETUP}"


def root(models: str) -> Path:
    """Where to look: ``models``, a directory of models or one model; empty = the user's."""
    return Path(models) if models else model_store.directory()


def places(where: Path) -> list[Path]:
    """The directory itself if it is a model, else those in it, the one that was completed last first."""
    if (where / CONFIGURATION).is_file():
        return [where]
    try:
        inside = [place for place in where.iterdir() if (place / CONFIGURATION).is_file()]
        return sorted(inside, key=lambda place: (-(place / CONFIGURATION).stat().st_mtime_ns, place.name))
    except (OSError, ValueError):  # there is no such directory, or none can have such a name
        return []


def whole_one(found: list[Path], where: Path, what: str, check: Callable[[Path], None], *, hint: str = SETUP) -> Path:
    """The first of the directories that were found in which nothing is missing.

    Args:
        found: those that are models of the engine.
        where: in which directory they were looked for.
        what: they are, for people.
        check: raises ``EngineNotReadyError`` where something is missing.
        hint: the command that brings one.

    Raises:
        EngineNotReadyError: there is none, or none is whole; the first one's error then.
    """
    if not found:
        raise EngineNotReadyError(f"there are no {what} in {where}", hint=hint)
    first: EngineNotReadyError | None = None
    for place in found:
        try:
            check(place)
        except EngineNotReadyError as error:
            first = first or error
        else:
            return place
    assert first is not None  # noqa: S101 - each of them failed
    raise first


def table(file: Path) -> dict[str, Any]:
    """What a JSON file holds, which must be a table.

    Raises:
        EngineNotReadyError: it is damaged.
    """
    try:
        found = bounded_file.read_json(file, TABLE_BYTES)
    except (OSError, ValueError) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    if not isinstance(found, dict):
        raise EngineNotReadyError(f"{file} is damaged: it holds no table", hint=AGAIN)
    return cast("dict[str, Any]", found)


def configuration(place: Path) -> dict[str, Any]:
    """What the configuration of a directory says, to look whose it is; nothing where it is damaged."""
    try:
        return table(place / CONFIGURATION)
    except EngineNotReadyError:
        return {}


def shown(found: object) -> str:
    """What a configuration says of its model, for people: a short name, or that there is none."""
    return found[:SHOWN_CHARACTERS] if isinstance(found, str) and found else "no model at all"
