"""Search for an engine's weights in a directory of models: complete ones, the newest first.

Each engine checks by itself which models are its own and which files they need: a directory may hold models of several
engines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from voicestream import bounded_file
from voicestream.errors import EngineNotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIGURATION: Final = "config.json"
"""File that marks a directory as a model."""

TABLE_BYTES: Final = 4 << 20
"""Limit of JSON files read here; XTTS's vocabulary has 0.4 MB."""

SHOWN_CHARACTERS: Final = 80

SETUP: Final = "voicestream setup"
AGAIN: Final = f"Remove it and try: {SETUP}"


def places(where: Path) -> list[Path]:
    """Return the directory itself if it is a model, else the models in it, the newest first."""
    if (where / CONFIGURATION).is_file():
        return [where]
    try:
        inside = [place for place in where.iterdir() if (place / CONFIGURATION).is_file()]
        return sorted(inside, key=lambda place: (-(place / CONFIGURATION).stat().st_mtime_ns, place.name))
    except (OSError, ValueError):  # there is no such directory, or the name is invalid
        return []


def whole_one(found: list[Path], where: Path, what: str, check: Callable[[Path], None], *, hint: str = SETUP) -> Path:
    """Return the first complete one of several model directories.

    Args:
        found: models of the engine.
        where: the directory that was searched.
        what: name of the weights, for people.
        check: raises ``EngineNotReadyError`` if a file is missing.
        hint: the command that installs the weights.

    Raises:
        EngineNotReadyError: there is none, or none is complete; then it is the error of the first.
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
    """Read a JSON file that must hold an object.

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
    """Return the configuration of a model directory, by which an engine knows its own; empty if damaged."""
    try:
        return table(place / CONFIGURATION)
    except EngineNotReadyError:
        return {}


def shown(found: object) -> str:
    """Return a short name of a model in a configuration, for people."""
    return found[:SHOWN_CHARACTERS] if isinstance(found, str) and found else "no model at all"
