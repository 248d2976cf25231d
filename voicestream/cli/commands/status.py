"""``voicestream status``: playback, queue and problems on one screen."""

from __future__ import annotations

import sys
from typing import Final

import click
import msgspec

from voicestream.cli import status_screen
from voicestream.cli.columns import show, terminal_width
from voicestream.client.rpc import call
from voicestream.protocol.messages import Status, StatusRequest

MAX_LINES: Final = 24


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def status(*, as_json: bool) -> None:
    """Show what is playing, what is queued, and problems."""
    answer = call(StatusRequest(), Status)
    if as_json:
        click.echo(msgspec.json.encode(status_screen.as_json(answer)))
    else:
        show(status_screen.lines(answer, terminal_width(), MAX_LINES if sys.stdout.isatty() else None))
