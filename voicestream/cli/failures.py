"""Errors, told to a person on stderr, and their exit codes."""

from __future__ import annotations

import errno
import traceback

import click

from voicestream.cli.commands import explain
from voicestream.errors import DESCRIPTORS_HINT, EXIT_CONFIGURATION, EXIT_INCOMPLETE, VoicestreamError
from voicestream.terminal_text import strip_terminal_codes

_EXIT_ON_ABORT = 130


def tell(error: Exception) -> int:
    """Say what went wrong and what to type next; returns the exit code."""
    if isinstance(error, click.Abort):
        return _EXIT_ON_ABORT
    if isinstance(error, click.ClickException):
        if _is_help(error):
            click.echo(error.format_message(), err=True)
        else:
            say(explain(error))
        return error.exit_code
    if isinstance(error, VoicestreamError):
        say(error.for_people())
        return error.exit_code
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        say(f"{error.strerror}\n{DESCRIPTORS_HINT}")
        return EXIT_CONFIGURATION
    click.echo(strip_terminal_codes("".join(traceback.format_exception(error))), err=True, nl=False)
    return EXIT_INCOMPLETE


def say(text: str) -> None:
    """Write a message to stderr."""
    click.echo(strip_terminal_codes(f"voicestream: {text}"), err=True)


def _is_help(error: click.ClickException) -> bool:
    """Whether this is how click shows the help of a group that was typed without a command."""
    return error.format_message().startswith("Usage:")
