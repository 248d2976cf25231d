"""Consent prompt: confirmation that the speaker of a sample agrees, by option or at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from voicestream.cli import prompts
from voicestream.cli.licence_prompt import is_interactive
from voicestream.errors import ConfigurationError
from voicestream.terminal_text import one_line
from voicestream.voices import names
from voicestream.voices.voice_store import CONSENT

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.voices.cleaning import Cleaned

FLAG: Final = "--i-have-consent"
ANSWERED: Final = "answered at the terminal"


def ask_consent(what: str, hint: str) -> str:
    """Ask for the speaker's consent and return how it was given.

    Args:
        what: the sample, for people.
        hint: command or option to type if there is no terminal to ask at.

    Raises:
        ConfigurationError: consent was not given.
    """
    if not is_interactive():
        raise ConfigurationError(f"whose voice is {what}? It is used only when the speaker has agreed.", hint=hint)
    click.echo(one_line(f"{what} will be used to clone that person's voice."), err=True)
    if not prompts.confirm(f'Do you say: "{CONSENT}"'):
        raise ConfigurationError("without the speaker's permission the voice is not used")
    return ANSWERED


def ask_file_consent(path: Path, cleaned: Cleaned) -> str:
    """Ask for consent for ``--voice FILE``, after printing warnings about the recording."""
    warn(path.name, cleaned.warnings)
    name = names.quoted(path.stem)
    return ask_consent(
        str(path), f"Once, try: voicestream voices add {name} {names.quoted(str(path))}\nThen: --voice {name}"
    )


def warn(what: str, warnings: tuple[str, ...]) -> None:
    """Print warnings about a recording."""
    for warning in warnings:
        click.echo(one_line(f"voicestream: {what}: {warning}"), err=True)
