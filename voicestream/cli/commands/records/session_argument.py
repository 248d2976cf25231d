"""Argument SESSION of commands: a recorded session by the beginning of its id, completed by shells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from voicestream.errors import VoicestreamError
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

COMPLETED: Final = 50
"""Number of sessions that are offered."""


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the recorded sessions whose id begins with what was typed, the newest first."""
    del context, parameter
    from voicestream.history import store

    try:
        found = store.sessions(COMPLETED)
    except VoicestreamError:
        return []  # a shell shows no message while it completes
    return [
        CompletionItem(one.id, help=one_line(f"{one.project} {one.first_words}".strip())[:60])
        for one in found
        if one.id.startswith(incomplete.lower())
    ]


SESSION: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.argument(
    "session", metavar="SESSION", shell_complete=complete
)

OPTIONAL_SESSION: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.argument(
    "session", metavar="[SESSION]", default="", shell_complete=complete
)
