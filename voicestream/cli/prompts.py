"""Interactive prompts, repeated until the answer is valid, and the lines around them, which fit the terminal."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import click

from voicestream.cli.columns import UNLIMITED, wrapped
from voicestream.errors import UsageError, VoicestreamError
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Answer = TypeVar("Answer")

ENDED: Final = "the input ended before the question was answered"


class Ask(Protocol):
    """Type of a prompt function."""

    def __call__(self, question: str, default: str | None, parse: Callable[[str], Answer], /) -> Answer:
        """Ask and return the parsed answer."""
        ...


def ask(question: str, default: str | None, parse: Callable[[str], Answer], /) -> Answer:
    """Ask until the answer is valid, and return it parsed.

    Args:
        question: text without the default.
        default: proposed answer, if any.
        parse: parses the answer, or raises ``VoicestreamError``, which is shown.

    Raises:
        UsageError: the input ended.
        click.Abort: Ctrl-C was typed.
    """
    while True:
        with _ending():
            answer: str = click.prompt(question, default=default, err=True)
        try:
            return parse(answer.strip())
        except VoicestreamError as error:
            show(strip_terminal_codes(error.for_people()))


def confirm(question: str) -> bool:
    """Ask for yes or no until one is typed.

    Raises:
        UsageError: the input ended.
        click.Abort: Ctrl-C was typed.
    """
    with _ending():
        return click.confirm(question, default=None, err=True)


def show(*texts: str) -> None:
    """Print texts to stderr, wrapped to its width, with their indentation."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else UNLIMITED
    for text in texts:
        words = text.lstrip(" ")
        indentation = text[: len(text) - len(words)]
        for line in wrapped(words, width - len(indentation)):
            click.echo(f"{indentation}{line}", err=True)


@contextmanager
def _ending() -> Generator[None]:
    """Tell the end of the input, which click reports like Ctrl-C, and end the line of the question."""
    try:
        yield
    except click.Abort as abort:
        click.echo(err=True)
        if isinstance(abort.__context__, EOFError):
            raise UsageError(ENDED) from None
        raise
