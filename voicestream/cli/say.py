"""``voicestream say``: one text from the command line."""

from __future__ import annotations

import click

from voicestream.cli.session_options import request, session_command, session_options
from voicestream.cli.speaking import speak_text


@session_command()
@click.argument("text", nargs=-1, required=True)
@session_options
@click.pass_context
def say(context: click.Context, /, text: tuple[str, ...], **_options: object) -> int:
    """Speak one text."""
    asked = request(context, input_format="text")
    return speak_text(asked, " ".join(text).encode())
