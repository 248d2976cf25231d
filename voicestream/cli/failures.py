"""Error reporting on stderr, and exit codes."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import threading
from pathlib import Path
from typing import Final

import click

from voicestream.cli.click_classes import explain
from voicestream.errors import (
    DESCRIPTORS_HINT,
    EXIT_CONFIGURATION,
    EXIT_INCOMPLETE,
    EXIT_USAGE,
    NoLogError,
    VoicestreamError,
)
from voicestream.terminal_text import one_line, strip_terminal_codes

CLIENT_LOG: Final = "client"
"""Name of the log of unexpected errors of commands."""

MAX_CHARACTERS: Final = 300
"""Shown characters of the message of an unexpected error."""

_EXIT_ON_ABORT: Final = 130


def report(error: Exception) -> int:
    """Print an error and its hint; returns the exit code."""
    if isinstance(error, click.Abort):
        return _EXIT_ON_ABORT
    if isinstance(error, click.ClickException):
        if _is_help(error):
            click.echo(error.format_message(), err=True)
        else:
            print_message(explain(error))
        return error.exit_code
    if isinstance(error, VoicestreamError):
        print_message(error.for_people())
        return error.exit_code
    found = _of_the_system(error) if isinstance(error, OSError) else None
    if found is None:
        _report_unexpected(error)
        return EXIT_INCOMPLETE
    message, exit_code = found
    print_message(message)
    return exit_code


def _of_the_system(error: OSError) -> tuple[str, int] | None:
    """Return message and exit code of an error that may come from any call of the system; None for others."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{error.strerror}\n{DESCRIPTORS_HINT}", EXIT_CONFIGURATION
    if isinstance(error, PermissionError) and error.filename:
        place = one_line(os.fsdecode(error.filename))
        return f"cannot use {place}: {error.strerror}\nSee who may: ls -ld {shlex.quote(place)}", EXIT_CONFIGURATION
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        return "the current directory was deleted\nChange to another directory: cd", EXIT_USAGE
    return None


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def report_thread_errors() -> None:
    """Report uncaught errors of threads in the same way."""

    def report_thread_error(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            _report_unexpected(found.exc_value)

    threading.excepthook = report_thread_error


def _report_unexpected(error: BaseException) -> None:
    """Print type and message in one line, and the log with its code locations."""
    # Imported late: logging takes as long to import as everything else a command needs before it reads stdin.
    from voicestream import log

    message = one_line(str(error))
    shown = message if len(message) <= MAX_CHARACTERS else f"{message[: MAX_CHARACTERS - 1]}…"
    kind = type(error).__name__
    try:
        where = f"Its code locations are in {log.record(CLIENT_LOG, 'ended by an uncaught error', error)}"
    except NoLogError as failure:
        where = str(failure)
    print_message(f"an unexpected error: {kind}{f': {shown}' if shown else ''}\n{where}")


def print_message(text: str) -> None:
    """Print a message to stderr; a closed or full stderr is ignored."""
    with contextlib.suppress(OSError):
        click.echo(strip_terminal_codes(f"voicestream: {text}"), err=True)


def _is_help(error: click.ClickException) -> bool:
    """Return whether click raised this to show the help of a group typed without a command."""
    return error.format_message().startswith("Usage:")
