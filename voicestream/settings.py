"""What the user has set in ``config.toml``; flags and ``VOICESTREAM_*`` variables go before it, defaults come after it.

::

    from = "en"              # any option of `voicestream run`, without the dashes
    to = "ja"
    speed = 1.1

    [speech.replace]         # how words are to be said
    kubectl = "kube control"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import platformdirs

from voicestream.errors import ConfigurationError

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_CONFIG"

OPTION_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "from": (str,),
    "to": (str,),
    "translator": (str,),
    "beams": (int,),
    "models": (str,),
    "compute": (str,),
    "tts": (str,),
    "voice": (str,),
    "speed": (int, float),
    "output": (str,),
    "device": (str,),
    "format": (str,),
    "only": (str,),
    "code": (str,),
    "captions": (bool,),
    "keep-alive": (int, float),
    "max-lag": (int, float),
    "quiet": (bool,),
}
"""The options of ``run`` that may stand in the file."""


@dataclass(frozen=True)
class Settings:
    """The contents of the file."""

    options: dict[str, str | float | bool] = field(default_factory=dict[str, "str | float | bool"])
    """Of ``run``, by the name of the flag."""
    replacements: dict[str, str] = field(default_factory=dict[str, str])
    """``[speech.replace]``."""


def path() -> Path:
    """Where the file is, whether it exists or not."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).absolute()
    return platformdirs.user_config_path("voicestream", appauthor=False) / "config.toml"


def load(file: Path) -> Settings:
    """Read the file; defaults when there is none.

    Raises:
        ConfigurationError: it cannot be read or something in it cannot be right; the message has the line and the key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    return parse(text, str(file))


def parse(text: str, name: str) -> Settings:
    """The settings in a text; ``name`` stands in errors.

    Raises:
        ConfigurationError: as for ``load``.
    """
    try:
        tables = cast("dict[str, object]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    options: dict[str, str | float | bool] = {}
    replacements: dict[str, str] = {}
    for key, value in tables.items():
        if key == "speech":
            replacements = _replacements(value, text, name)
        elif key in OPTION_TYPES:
            # bool is a kind of int for Python, not for people.
            is_right = isinstance(value, OPTION_TYPES[key]) and (bool in OPTION_TYPES[key]) == isinstance(value, bool)
            if not is_right:
                wanted = " or ".join(kind.__name__ for kind in OPTION_TYPES[key])
                raise _wrong(text, name, (key,), f"must be {wanted}, is {value!r}")
            options[key] = cast("str | float | bool", value)
        else:
            raise _wrong(text, name, (key,), f"is not known; known are {', '.join(OPTION_TYPES)} and [speech.replace]")
    return Settings(options=options, replacements=replacements)


def _replacements(table: object, text: str, name: str) -> dict[str, str]:
    if not isinstance(table, dict):
        raise _wrong(text, name, ("speech",), "must be a table: [speech.replace]")
    table = cast("dict[str, object]", table)
    for key in table:
        if key != "replace":
            raise _wrong(text, name, ("speech", key), "is not known in [speech]; known is [speech.replace]")
    found = table.get("replace", {})
    if not isinstance(found, dict):
        raise _wrong(text, name, ("speech", "replace"), "must be a table: [speech.replace]")
    replacements: dict[str, str] = {}
    for key, value in cast("dict[str, object]", found).items():
        if not key.strip():
            raise _wrong(text, name, ("speech", "replace", key), "must not be empty")
        if not isinstance(value, str):
            raise _wrong(
                text,
                name,
                ("speech", "replace", key),
                f'must be a text in quotes, is {value!r}: {key} = "how to say it"',
            )
        replacements[key] = value
    return replacements


def _wrong(text: str, name: str, path: tuple[str, ...], problem: str) -> ConfigurationError:
    """The error about the value at ``path``: table names and key."""
    return ConfigurationError(f"{name}, line {_line_of(text, path)}: {path[-1] or chr(34) * 2} {problem}")


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line, from 1, on which the value at ``path`` begins in a text that is TOML.

    A key can be bare, quoted, dotted or in an inline table, and the same name can stand in several tables. So TOML's
    own parser looks: the value begins after the longest run of whole lines that is TOML without it.
    """
    lines = text.split("\n")
    begin = 1
    for count in range(1, len(lines) + 1):
        try:
            found: object = tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        for key in path:
            found = cast("dict[str, object]", found).get(key) if isinstance(found, dict) else None
        if found is not None:
            break
        begin = count + 1
    return begin
