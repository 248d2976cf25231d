"""Project settings in ``.voicestream.toml``, found upwards from the working directory.

::

    to = "ja"
    voice = "heart"
    name = "shop"            # spoken and shown where several sessions take turns
    enabled = false          # nothing of this project is spoken

The file may come with a cloned repository. So it can set harmless options only: it runs nothing, names no host, path,
engine or output, and is read only if it is a small regular file of the user.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream import bounded_file
from voicestream.config import config_file, toml_places
from voicestream.config.config_file import Settings
from voicestream.config.options import BY_NAME, PROJECT
from voicestream.config.remote import table as remote_table
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = ".voicestream.toml"

MAX_BYTES: Final = 16 << 10
"""Limit of the file, which has a handful of short lines."""

MAX_CHARACTERS: Final = 100
"""Limit of a text in it."""

_FILE: Final = re.compile(r"[/\\]|^~|\.\w{2,4}$")
"""Name of a file: a separator, or a suffix."""

_IN_CONFIG_FILE: Final = "Set it in your own file: voicestream config edit"


@dataclass(frozen=True)
class Project:
    """Project of a directory."""

    directory: Path
    """Directory of the file, or else of the repository, or else the directory that was asked about."""
    file: Path | None = None
    """The file; None if there is none."""
    settings: Settings = field(default_factory=Settings)
    """Valid settings of the file."""
    problems: tuple[ConfigurationError, ...] = ()
    """Errors of the file, each with line and key."""


def load(directory: Path) -> Project:
    """Return the project of an absolute directory; errors of its file are in ``problems``."""
    found = find(directory)
    if found is None:
        repository = next((one for one in _searched(directory) if os.path.lexists(one / ".git")), directory)
        return Project(repository)
    try:
        settings, problems = parse(_read(found), str(found))
    except ConfigurationError as error:
        return Project(found.parent, found, problems=(error,))
    return Project(found.parent, found, settings, tuple(problems))


def of_working_directory() -> Project:
    """Return the project of the working directory; one without a file if that directory cannot be reached."""
    try:
        return load(Path.cwd())
    except OSError:
        return Project(Path("/"))


def find(directory: Path) -> Path | None:
    """Return the nearest file in an absolute directory or above it; None if there is none."""
    return next((folder / NAME for folder in _searched(directory) if os.path.lexists(folder / NAME)), None)


def can_have_file(directory: Path) -> bool:
    """Return whether a file in an absolute directory would be found."""
    return directory in _searched(directory)


def _searched(directory: Path) -> Iterator[Path]:
    """Yield a directory and those above it.

    The search ends before the home directory, the root of the file system, a directory of another user and one that
    all users share, such as ``/tmp``.
    """
    home = _identity(Path.home()) if os.environ.get("HOME") else None
    for folder in (directory, *directory.parents):
        try:
            found = folder.stat()
        except OSError:
            return
        is_shared = found.st_uid != os.getuid() or found.st_mode & stat.S_ISVTX
        if is_shared or folder == folder.parent or (found.st_dev, found.st_ino) == home:
            return
        yield folder


def parse(text: str, name: str) -> tuple[Settings, list[ConfigurationError]]:
    """Return the valid settings of the text of a file, and an error for each other key.

    Args:
        text: contents of the file.
        name: name of the file, for errors.

    Raises:
        ConfigurationError: it is no TOML.
    """
    options: dict[str, config_file.Option] = {}
    problems: list[ConfigurationError] = []
    for key, value in toml_places.read(text, name).items():
        try:
            options[config_file.flag_of(key)] = _checked(key, value, text, name)
        except ConfigurationError as error:
            problems.append(error)
    return Settings(options=options, text=text, name=name), problems


def _checked(key: str, value: object, text: str, name: str) -> config_file.Option:
    """Validate one key.

    Raises:
        ConfigurationError: it may not be there, or its value is invalid.
    """
    flag = config_file.flag_of(key)
    if flag not in PROJECT:
        is_ours = flag in BY_NAME or key in ("speech", "translate", "voices", "workers", "gpu", remote_table.TABLE)
        problem = f"is not {'allowed in' if is_ours else 'known in'} {NAME}; allowed are {', '.join(PROJECT)}"
        raise toml_places.wrong(text, name, (key,), problem, hint=_IN_CONFIG_FILE if is_ours else "")
    checked = config_file.check_option(key, value, text, name)
    if isinstance(checked, str) and (len(checked) > MAX_CHARACTERS or not checked.isprintable()):
        raise toml_places.wrong(text, name, (key,), f"must be a line of at most {MAX_CHARACTERS} characters")
    if flag == "voice" and _FILE.search(str(checked)):
        problem = f"must be the name of a voice: {NAME} may not name files"
        raise toml_places.wrong(text, name, (key,), problem, hint="Try: voicestream voices list")
    return checked


def _read(file: Path) -> str:
    """Read the file.

    Raises:
        ConfigurationError: it cannot be read; the message has the reason.
    """
    try:
        return bounded_file.read(file, MAX_BYTES, owner=os.getuid()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"cannot read {file}: byte {error.start + 1} is not UTF-8", hint="Save it in the encoding UTF-8."
        ) from error
    except OSError as error:
        hint = f"A {NAME} is a regular file of yours, of at most {MAX_BYTES >> 10} KiB."
        raise ConfigurationError(f"cannot read {file}: {error.strerror}", hint=hint) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
