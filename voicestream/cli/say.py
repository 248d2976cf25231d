"""``voicestream say``: one text from the command line, or from stdin."""

from __future__ import annotations

import os

import click

from voicestream.cli.session_options import request, session_command, session_options
from voicestream.cli.speaking import speak, speak_text

STDIN = 0


@session_command()
@click.argument("text", nargs=-1)
@session_options
@click.pass_context
def say(context: click.Context, /, text: tuple[str, ...], **_options: object) -> int:
    """Speak one text; without TEXT, or for -, what stdin has."""
    asked = request(context, input_format="text")
    if text and text != ("-",):
        return speak_text(asked, " ".join(text).encode())
    if os.isatty(STDIN):
        click.echo("voicestream: type text; end with Ctrl-D", err=True)
    return speak(asked, STDIN)
