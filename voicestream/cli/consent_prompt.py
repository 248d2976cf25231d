"""The speaker of a sample has agreed: said by an option or at a terminal, never taken for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from voicestream.cli.licence_prompt import can_ask
from voicestream.errors import ConfigurationError
from voicestream.terminal_text import one_line
from voicestream.voices import names
from voicestream.voices.voice_store import CONSENT

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.voices.cleaning import Cleaned

FLAG: Final = "--i-have-consent"
ANSWERED: Final = "answered at the terminal"


def agree(what: str, hint: str) -> str:
    """Ask whether the speaker has agreed; how that was said.

    Args:
        what: is to be used.
        hint: what to type where nobody can be asked.

    Raises:
        ConfigurationError: nobody has said so.
    """
    if not can_ask():
        raise ConfigurationError(f"whose voice is {what}? It is used only when the speaker has agreed.", hint=hint)
    click.echo(one_line(f"{what} is to be spoken with as if it were that person."), err=True)
    if not click.confirm(f'Do you say: "{CONSENT}"', default=None, err=True):
        raise ConfigurationError("without the speaker's permission the voice is not used")
    return ANSWERED


def agree_to_file(path: Path, cleaned: Cleaned) -> str:
    """The same for ``--voice FILE``, after what is to be said of the recording."""
    warn(path.name, cleaned.warnings)
    name = names.quoted(path.stem)
    return agree(str(path), f"Once, try: voicestream voices add {name} {names.quoted(str(path))}\nThen: --voice {name}")


def warn(what: str, warnings: tuple[str, ...]) -> None:
    """Say what could be better."""
    for warning in warnings:
        click.echo(one_line(f"voicestream: {what}: {warning}"), err=True)
