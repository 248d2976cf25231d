"""Interactive prompts, repeated until the answer is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from voicestream.errors import VoicestreamError
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


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
    """
    while True:
        answer: str = click.prompt(question, default=default, err=True)
        try:
            return parse(answer.strip())
        except VoicestreamError as error:
            click.echo(strip_terminal_codes(error.for_people()), err=True)
