"""``voicestream demo``: a bundled agent session, played through the speakers or written to a file."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Final

import click
import msgspec

from voicestream.cli.session import output_option
from voicestream.cli.session.click_options import session_command, session_options
from voicestream.cli.session.request import request
from voicestream.cli.session.speaking import speak_text
from voicestream.errors import EXIT_NO_AUDIO

FALLBACK_FILE: Final = "voicestream-demo.wav"


@session_command()
@session_options
@click.pass_context
def demo(context: click.Context, /, **_options: object) -> int:
    """Read a bundled agent session aloud."""
    asked = request(context, input_format="claude")
    session = files("voicestream.demo").joinpath("session.jsonl").read_bytes()
    exit_code = speak_text(asked, session, may_lack_audio=asked.options.output.kind == "speakers")
    if exit_code != EXIT_NO_AUDIO or asked.options.output.kind != "speakers":
        return exit_code
    # The file belongs to the demo: an earlier one is overwritten.
    output = output_option.parse(FALLBACK_FILE, "", force=True)
    exit_code = speak_text(replace(asked, options=msgspec.structs.replace(asked.options, output=output)), session)
    click.echo(f"voicestream: the demo is written to {FALLBACK_FILE} instead", err=True)
    return exit_code
