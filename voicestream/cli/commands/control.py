"""Playback control: ``voicestream pause | resume | skip | hush``."""

from __future__ import annotations

import click

from voicestream.client.rpc import call
from voicestream.protocol.messages import Control, Done
from voicestream.terminal_text import strip_terminal_codes


@click.command()
def pause() -> None:
    """Pause playback; agents keep running, and nothing is lost."""
    _do(Control(action="pause"))


@click.command()
def resume() -> None:
    """Resume playback where it was paused."""
    _do(Control(action="resume"))


@click.command()
def skip() -> None:
    """Skip the current sentence."""
    _do(Control(action="skip"))


@click.command()
def hush() -> None:
    """Drop everything queued so far, in all sessions."""
    _do(Control(action="hush"))


def _do(wish: Control) -> None:
    answer = call(wish, Done)
    click.echo(strip_terminal_codes(f"voicestream: {answer.text}"), err=True)
