"""``voicestream pause | resume | skip | hush``: what is being heard, from another terminal."""

from __future__ import annotations

import click

from voicestream.cli.asking import ask
from voicestream.messages import Control, Done
from voicestream.terminal_text import strip_terminal_codes


@click.command()
def pause() -> None:
    """Hold what is being heard; agents go on, and nothing is lost."""
    _do(Control(action="pause"))


@click.command()
def resume() -> None:
    """Go on where it was held."""
    _do(Control(action="resume"))


@click.command()
def skip() -> None:
    """Skip the sentence that is being heard."""
    _do(Control(action="skip"))


@click.command()
def hush() -> None:
    """Skip everything that was found so far, in all sessions."""
    _do(Control(action="hush"))


def _do(wish: Control) -> None:
    answer = ask(wish, Done)
    click.echo(strip_terminal_codes(f"voicestream: {answer.text}"), err=True)
