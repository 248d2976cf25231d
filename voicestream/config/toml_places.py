"""Places of values in a TOML file: the line of each, for errors. Pure."""

from __future__ import annotations

import itertools
import tomllib
from typing import TYPE_CHECKING, Final, cast

from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TRIES: Final = 100
"""Limit of lines of a multi-line value that are searched for the line of an error."""


def read(text: str, name: str) -> dict[str, object]:
    """Parse TOML.

    Raises:
        ConfigurationError: it is invalid; the message has ``name`` and the line.
    """
    try:
        return cast("dict[str, object]", tomllib.loads(text))
    except ValueError as error:  # TOMLDecodeError, or an integer with more digits than Python converts
        raise ConfigurationError(f"{name}: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{name}: lists or tables are nested too deeply") from error


def wrong(text: str, name: str, path: tuple[str, ...], problem: str, hint: str = "") -> ConfigurationError:
    """Return the error for the value at ``path``: table names and key."""
    where = place(text, name, path)
    return ConfigurationError(f"{where}: {path[-1] or chr(34) * 2} {problem}", hint=hint)


def place(text: str, name: str, path: tuple[str, ...]) -> str:
    """Return file and line of the value at ``path``, for errors."""
    return f"{name}, line {_line_of(text, path)}"


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line number, from 1, on which the value at ``path`` begins in valid TOML.

    A key can be bare, quoted, dotted or in an inline table, and the same name can be in several tables. So the TOML
    parser is used for the search: the value begins after the longest run of whole lines that is TOML without it.
    """
    lines = text.split("\n")
    without, within = 0, len(lines)
    # Among the runs of lines that are TOML, the shorter ones lack the value and the longer ones have it.
    while True:
        tried = itertools.islice(_by_halves(without, within), MAX_TRIES)
        middle = next((n for n in tried if _table_of(lines[:n]) is not None), None)
        if middle is None:
            break
        without, within = (without, middle) if _has(_table_of(lines[:middle]), path) else (middle, within)
    return without + 1


def _has(found: object, path: tuple[str, ...]) -> bool:
    """Return whether there is a value at a path of tables."""
    for key in path:
        found = cast("dict[str, object]", found).get(key) if isinstance(found, dict) else None
    return found is not None


def _by_halves(low: int, high: int) -> Iterator[int]:
    """Return the numbers between two others: from the middle up, then down from it."""
    middle = (low + high) // 2
    yield from range(max(middle, low + 1), high)
    yield from range(min(middle, high) - 1, low, -1)


def _table_of(lines: list[str]) -> dict[str, object] | None:
    """Parse lines; None in the middle of a multi-line value."""
    try:
        return tomllib.loads("\n".join(lines) + "\n")
    except ValueError:
        return None
