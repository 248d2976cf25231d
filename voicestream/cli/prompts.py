"""Questions at a terminal, asked until the answer is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from voicestream.errors import VoicestreamError
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


class Ask(Protocol):
    """Somebody who asks."""

    def __call__(self, question: str, default: str | None, understand: Callable[[str], Answer], /) -> Answer:
        """What was understood of the answer."""
        ...


def ask(question: str, default: str | None, understand: Callable[[str], Answer], /) -> Answer:
    """Ask until the answer is understood.

    Args:
        question: without what is proposed.
        default: what is proposed, if anything.
        understand: makes something of the answer, or raises ``VoicestreamError``, which is shown.
    """
    while True:
        answer: str = click.prompt(question, default=default, err=True)
        try:
            return understand(answer.strip())
        except VoicestreamError as error:
            click.echo(strip_terminal_codes(error.for_people()), err=True)
