"""Log lines: one a change of state, ``key=value``, with role and incarnation, and never what is spoken.

Workers write to stderr, which the supervisor reads through a bounded pipe into one file a role; the supervisor writes
its own file. All of them stand in one directory that only the user can read.
"""

from __future__ import annotations

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
    """Log to the file of ``name``, which is put aside when it is full."""
    _configure(RotatingFileHandler(path_of(name), maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8"), name)


def _configure(handler: logging.Handler, name: str) -> None:
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s.%(msecs)03d %(levelname)-7s {name} %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    )
    root = logging.getLogger()
    root.setLevel(os.environ.get("VOICESTREAM_LOG_LEVEL", "INFO").upper())
    root.handlers[:] = [handler]
