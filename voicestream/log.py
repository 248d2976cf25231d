"""Log lines: one a change of state, ``key=value``, with role and incarnation, and never what is spoken.

Workers write to stderr, which the supervisor reads through a bounded pipe into one file a role; the supervisor writes
its own file. All of them stand in one directory that only the user can read.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

import platformdirs

from voicestream.errors import ConfigurationError

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_LOG_DIR"

FILE_BYTES: Final = 1 << 20
"""A log file of this size is put aside as ``.1``, in place of the one put aside before."""


LINES_SHOWN: Final = 3
"""Of the log of a process that ended without a word."""


def directory() -> Path:
    """Where the log files are; made if need be, for the user alone.

    Raises:
        ConfigurationError: it cannot be made.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    path = Path(named).absolute() if named else platformdirs.user_log_path("voicestream", appauthor=False)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return path  # who opens a file in it finds out, and does without
        raise ConfigurationError(
            f"cannot make the log directory {path}: {error.strerror}",
            hint=f"Set {ENVIRONMENT_VARIABLE} to a directory below one that you may write to.",
        ) from error
    return path


def path_of(name: str) -> Path:
    """The log file of a role, or of ``supervisor``."""
    return directory() / f"{name}.log"


def to_stderr(name: str) -> None:
    """Log to stderr; ``name`` is ``role.incarnation``."""
    _configure(logging.StreamHandler(sys.stderr), name)


def to_file(name: str) -> None:
    """Log to the file of ``name``, which is put aside when it is full; to stderr if there can be none."""
    handler: logging.Handler
    try:
        handler = RotatingFileHandler(path_of(name), maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        # The disk is full, say. Whoever started us has found out in the same way, and says so.
        handler = logging.StreamHandler(sys.stderr)
    _configure(handler, name)


def last_words(name: str, start: int) -> str:
    """What a process said about its end in the log of ``name``, where its lines begin at byte ``start``."""
    try:
        with path_of(name).open("rb") as file:
            file.seek(start)
            lines = file.read(FILE_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return "it left no log"
    errors = [number for number, line in enumerate(lines) if f" ERROR   {name} " in line]
    if not errors:
        return " / ".join(lines[-LINES_SHOWN:]) or "it left nothing in its log"
    first, *rest = lines[errors[-1] :]
    if rest and rest[0].startswith("Traceback"):
        rest = rest[-1:]
    return " / ".join([first.partition(f" {name} ")[2], *rest])


def _configure(handler: logging.Handler, name: str) -> None:
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s.%(msecs)03d %(levelname)-7s {name} %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    )
    root = logging.getLogger()
    root.setLevel(os.environ.get("VOICESTREAM_LOG_LEVEL", "INFO").upper())
    root.handlers[:] = [handler]
