"""``voicestream pause | resume | skip | hush``: what is being heard, from another terminal."""

from __future__ import annotations

import click

from voicestream.cli.asking import ask
from voicestream.messages import Control, Done


@click.command()
def pause() -> None:
    """Hold what is being heard; agents go on, and nothing is lost."""
    ask(Control(action="pause"), Done)


@click.command()
def resume() -> None:
    """Go on where it was held."""
    ask(Control(action="resume"), Done)


@click.command()
def skip() -> None:
    """Skip the sentence that is being heard."""
    ask(Control(action="skip"), Done)


@click.command()
def hush() -> None:
    """Skip everything that was found so far, in all sessions."""
    ask(Control(action="hush"), Done)
