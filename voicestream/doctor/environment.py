"""Findings about Python, the configuration, logs, the run directory and shared memory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Final

from voicestream import __version__, log
from voicestream.config import config_file, project_file, user_directories
from voicestream.doctor.finding import Finding
from voicestream.errors import ConfigurationError
from voicestream.protocol import untracked_memory
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIN_FREE_BYTES: Final = 64 << 20
"""Free disk space below which logs, voices and sound files may not fit."""

MIB: Final = 1 << 20


def python() -> Iterator[Finding]:
    """Report the versions of voicestream and Python, and where they are."""
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield Finding(
        "python", "ok", f"voicestream {__version__}, Python {platform.python_version()}: {sys.executable}; {system}"
    )


def configuration() -> Iterator[Finding]:
    """Report the configuration file; an invalid one raises ``ConfigurationError``."""
    path = config_file.path()
    config_file.load(path)
    text = str(path) if path.exists() else f"{path} does not exist; nothing needs it"
    yield Finding("configuration", "ok", text)


def project() -> Iterator[Finding]:
    """Report the project's file, and each error in it."""
    found = project_file.of_working_directory()
    for problem in found.problems:
        yield Finding("project", "problem", str(problem), problem.hint or "voicestream config edit --project")
    if not found.problems and found.file is not None:
        keys = ", ".join(found.settings.options) or "nothing"
        yield Finding("project", "ok", f"{found.file} sets {keys}")


def logs() -> Iterator[Finding]:
    """Report the directory of logs; an unusable one raises ``NoLogError``."""
    log.prepare()
    yield Finding("logs", "ok", str(log.directory()))


def run_directory() -> Iterator[Finding]:
    """Report the run directory; an unusable one raises ``RunDirectoryError``."""
    directory = RunDirectory.of_this_user()
    if directory.path.exists():
        directory.check()
        yield Finding("run directory", "ok", str(directory.path))
    else:
        yield Finding("run directory", "ok", f"{directory.path} does not exist; a supervisor makes it")


def disk() -> Iterator[Finding]:
    """Report the free space of each disk that holds our directories."""
    free: dict[int, tuple[int, Path]] = {}
    for path in (user_directories.data(), user_directories.cache(), log.directory(), RunDirectory.of_this_user().path):
        place = next(parent for parent in (path, *path.parents) if parent.exists())
        free[place.stat().st_dev] = (shutil.disk_usage(place).free, place)
    for left, place in free.values():
        if left < MIN_FREE_BYTES:
            text = f"{left / MIB:.0f} MiB are free in {place}: logs, voices and models may not fit"
            yield Finding("disk", "problem", text, f"df -h {place}")
        else:
            yield Finding("disk", "ok", f"{left / MIB:,.0f} MiB are free in {place}")


def shared_memory() -> Iterator[Finding]:
    """Remove shared memory that killed processes left, and report it."""
    removed = untracked_memory.sweep()
    if removed:
        what = "1 segment" if len(removed) == 1 else f"{len(removed)} segments"
        yield Finding("shared memory", "note", f"killed processes left {what}; removed now")
    elif untracked_memory.DIRECTORY.is_dir() and not os.access(untracked_memory.DIRECTORY, os.W_OK):
        raise ConfigurationError(f"{untracked_memory.DIRECTORY} cannot be written to", hint="")
    else:
        yield Finding("shared memory", "ok", "nothing was left by killed processes")
