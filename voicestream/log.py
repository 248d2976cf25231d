"""Logging: one line a state change, ``key=value``, with role and incarnation, and never the spoken text.

Workers write to a pipe, which the supervisor reads at a bounded rate into one file a role. The supervisor writes its
own file. All files are in one directory, which nobody else can write to. If that is not possible, there is no log, and
the process that started the supervisor reports it: speech works all the same.

A process that has the agent's words (``hide_content``) logs exceptions by type and code location, without their
messages, and of the records of other packages only their place: both may quote a sentence.
"""

from __future__ import annotations

import copy
import errno
import logging
import os
import re
import stat
import sys
import threading
import warnings
from contextlib import closing, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream import exception_summary
from voicestream.config import user_directories
from voicestream.errors import ConfigurationError, NoLogError
from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import TextIO

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_LOG_DIR"

LEVEL_VARIABLE: Final = "VOICESTREAM_LOG_LEVEL"

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""Values of ``VOICESTREAM_LOG_LEVEL``, in any case."""

FILE_BYTES: Final = 1 << 20
"""A log file of this size is rotated to ``.1``, which is overwritten."""


LINES_SHOWN: Final = 3
"""Shown lines of the log of a process that ended without a message."""

WORDLESS_ROLES: Final = frozenset({"player"})
"""Roles that never receive text: their output and error messages can be logged."""

_ROOT: Final = 0
_DATE: Final = "%Y-%m-%d %H:%M:%S"
_OURS: Final = re.compile(r"(voicestream|__main__)(\.|$)")
"""Names of our loggers."""
_INDENTED: Final = "    "


def directory() -> Path:
    """Return the directory of the log files, whether it exists or not."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(named).absolute() if named else user_directories.log()


def path_of(name: str) -> Path:
    """Return the log file of a role, or of ``supervisor``, whether it exists or not."""
    return directory() / f"{name}.log"


def prepare() -> None:
    """Create the directory if needed, for the user alone, and check that nobody else can write to it.

    Raises:
        NoLogError: it cannot be created, is a symlink, or others could write to it or to a directory above it.
    """
    path = directory()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(path)
    except OSError as error:
        raise no_log_error(error) from error


def safe_path_of(name: str) -> Path | None:
    """Return the log file of a role; None if no log can be written."""
    try:
        prepare()
    except NoLogError:
        return None
    return path_of(name)


def no_log_error(error: OSError) -> NoLogError:
    """Return the error to raise or print when ``error`` prevents a log."""
    return NoLogError(
        f"no log is written to {directory()}: {error.strerror or error}",
        hint=f"Set {ENVIRONMENT_VARIABLE} to a directory of your own.",
    )


def open_to_write(path: Path) -> int:
    """Open a log file for appending, created for the user alone; a symlink is not followed.

    Raises:
        OSError: it cannot be opened, or is not a file of the user.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    return _checked(os.open(path, flags, 0o600), path)


def open_to_read(path: Path) -> int:
    """Open an existing log file; a symlink is not followed.

    Raises:
        OSError: it cannot be opened, or is not a file of the user.
    """
    return _checked(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), path)


def level(environment: Mapping[str, str]) -> str:
    """Return the minimum level of logged lines.

    Raises:
        ConfigurationError: the variable names no level.
    """
    named = environment.get(LEVEL_VARIABLE) or "INFO"
    if named.upper() not in LEVELS:
        raise ConfigurationError(
            f'there is no log level "{named[:40]}" ({LEVEL_VARIABLE})',
            hint=f"Set {LEVEL_VARIABLE} to one of {', '.join(LEVELS)}, or unset it.",
        )
    return named.upper()


def to_stderr(name: str) -> None:
    """Log to stderr; ``name`` is ``role.incarnation``."""
    _configure(logging.StreamHandler(sys.stderr), name)


def to_descriptor(descriptor: int, name: str) -> None:
    """Log to an open file, for instance a pipe; ``name`` is ``role.incarnation``."""
    stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115 - open as long as this process
    _configure(logging.StreamHandler(stream), name)


def hide_content() -> None:
    """Log no text that might quote the agent's words, which this process has from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.hides_content = True


def log_uncaught() -> None:
    """Log uncaught exceptions, also of threads, and warnings, instead of printing them."""
    logger = logging.getLogger(__name__)

    def ended(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        logger.error("ended by an uncaught error", exc_info=error)

    def thread_ended(found: threading.ExceptHookArgs) -> None:
        logger.error("a thread ended by an uncaught error", exc_info=found.exc_value)

    def ignored(found: sys.UnraisableHookArgs) -> None:
        logger.error("an error was ignored", exc_info=found.exc_value)

    def warned(  # noqa: PLR0917 - the signature of warnings.showwarning
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del file, line
        text = "" if _hides_content() else f": {message}"
        logger.warning("%s at %s:%d%s", category.__name__, filename, lineno, text)

    sys.excepthook = ended
    threading.excepthook = thread_ended
    sys.unraisablehook = ignored
    warnings.showwarning = warned


def _hides_content() -> bool:
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    return any(isinstance(one, _Formatter) and one.hides_content for one in formatters)


def to_file(name: str) -> bool:
    """Log to the rotated file of ``name``; falls back to stderr if it cannot be opened (False)."""
    handler: logging.Handler
    try:
        prepare()
        handler = _LogFile(path_of(name), maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8")
    except (NoLogError, OSError):
        # The process that started us has got the same error, and reports it.
        _configure(logging.StreamHandler(sys.stderr), name)
        return False
    _configure(handler, name)
    return True


def record(name: str, text: str, error: BaseException) -> Path:
    """Append an error to the log of ``name``, by type and code locations; returns the file.

    Raises:
        NoLogError: no log can be written.
    """
    prepare()
    path = path_of(name)
    formatter = _Formatter(_format(name), datefmt=_DATE)
    formatter.hides_content = True
    information = (type(error), error, error.__traceback__)
    try:
        with closing(_RaisingLogFile(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8")) as handler:
            handler.setFormatter(formatter)
            handler.handle(logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, (), information))
    except OSError as failure:
        raise no_log_error(failure) from failure
    return path


def leave_pipe() -> None:
    """Stop logging if there is only a pipe, which is read by the process that waits for our start."""
    if not stat.S_ISFIFO(os.fstat(sys.stderr.fileno()).st_mode):
        return
    logging.getLogger().handlers[:] = [logging.NullHandler()]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def last_error_lines(name: str, start: int) -> str:
    """Return the last error message of a process in the log of ``name`` after byte ``start``."""
    try:
        with os.fdopen(open_to_read(path_of(name)), "rb") as file:
            file.seek(start)
            return last_error_lines_in(name, file.read(FILE_BYTES))
    except OSError:
        return "it left no log"


def last_error_lines_in(name: str, logged: bytes) -> str:
    """Return the last error message of a process in its log output."""
    lines = strip_terminal_codes(logged.decode(errors="replace")).splitlines()
    error = re.compile(rf"[\d: .-]{{23}} ERROR   {re.escape(name)} ")
    errors = [number for number, line in enumerate(lines) if error.match(line)]
    if not errors:
        return " / ".join(lines[-LINES_SHOWN:]) or "it left nothing in its log"
    first, *rest = lines[errors[-1] :]
    if rest and rest[0].startswith(f"{_INDENTED}Traceback"):
        rest = [rest[-1].strip()]
    return " / ".join([first.partition(f" {name} ")[2], *rest])


def _check(path: Path) -> None:
    """Check that only the user or the administrator can change a path.

    Raises:
        OSError: others can; ``strerror`` says where.
    """
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "it is not a directory (symlinks are not followed)", str(path))
    _check_one(path, path.lstat())
    for above in path.parents:
        found = above.lstat()
        if stat.S_ISLNK(found.st_mode):
            # The owner of the link counts, and everybody who can write to the directories it leads to.
            _check_owner(above, found)
            resolved = above.resolve(strict=True)
            for place in (resolved, *resolved.parents):
                _check_one(place, place.lstat())
        else:
            _check_one(above, found)


def _check_one(path: Path, found: os.stat_result) -> None:
    """Check one path; others may create files in it only if they cannot change ours (the sticky bit)."""
    _check_owner(path, found)
    # By convention a group with the id of its user is that user's own; the usual umask is then 002.
    is_own_group = found.st_gid == found.st_uid == os.getuid()
    writable = found.st_mode & (stat.S_IWOTH if is_own_group else stat.S_IWOTH | stat.S_IWGRP)
    if writable and not found.st_mode & stat.S_ISVTX:
        mode = stat.S_IMODE(found.st_mode)
        raise PermissionError(errno.EPERM, f"other users can write to {path} (mode {mode:04o})", str(path))


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in (os.getuid(), _ROOT):
        raise PermissionError(errno.EPERM, f"{path} belongs to user {found.st_uid}, not to you", str(path))


def _checked(descriptor: int, path: Path) -> int:
    """Return a descriptor if it is a regular file of the user with one name; make it private to the user."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EPERM, f"{path.name} is not a file of yours", str(path))
    if found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
    return descriptor


class _LogFile(RotatingFileHandler):
    """Log file handler that opens its file with the checks of ``open_to_write``."""

    def _open(self) -> TextIOWrapper:
        descriptor = open_to_write(Path(self.baseFilename))
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding="utf-8", errors="backslashreplace")


class _RaisingLogFile(_LogFile):
    """Log file handler whose caller gets the error of a write, instead of a traceback on stderr."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's signature
        """Raise the error that is being handled."""
        raise  # noqa: PLE0704 - called while it is handled


class _Formatter(logging.Formatter):
    """Formatter with one line a record, whatever its values; a traceback is indented to be told from records."""

    hides_content = False
    """True: text that might quote the agent is left out."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        return super().format(_without_content(record) if self.hides_content else record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format the line of a record."""
        return one_line(super().formatMessage(record).replace("\n", " / "))

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401 - logging's signature
        """Format a traceback."""
        if self.hides_content and ei[1] is not None:
            found = exception_summary.lines(ei[1])
        else:
            found = super().formatException(ei).splitlines()
        return "\n".join(f"{_INDENTED}{line}" for line in strip_terminal_codes("\n".join(found)).splitlines())


def _without_content(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record with exceptions described without messages; of other packages only its place."""
    found = copy.copy(record)
    found.exc_text = found.stack_info = None
    if _OURS.match(record.name):
        if isinstance(record.args, tuple):
            found.args = tuple(
                exception_summary.describe(one) if isinstance(one, BaseException) else one for one in record.args
            )
    else:
        found.msg = "%s:%d in %s (a record of another package, without its text)"
        found.args = (record.pathname, record.lineno, record.funcName)
    return found


def _report_unwritten(record: logging.LogRecord) -> None:
    """Replace ``logging``'s report of an unwritten record, which would print its values."""
    error = sys.exception()
    why = exception_summary.describe(error) if error is not None else "it is not known why"
    with suppress(OSError, ValueError, AttributeError):  # no other place to write to
        sys.stderr.write(f"a record of {record.pathname}:{record.lineno} was not logged: {why}\n")


def _format(name: str) -> str:
    return f"%(asctime)s.%(msecs)03d %(levelname)-7s {name} %(message)s"


def _configure(handler: logging.Handler, name: str) -> None:
    handler.setFormatter(_Formatter(_format(name), datefmt=_DATE))
    handler.handleError = _report_unwritten  # type: ignore[method-assign]
    root = logging.getLogger()
    root.handlers[:] = [handler]
    try:
        root.setLevel(level(os.environ))
    except ConfigurationError as error:
        # A client has reported it before it started anything; other callers are told here.
        root.setLevel("INFO")
        root.warning("%s", error)
