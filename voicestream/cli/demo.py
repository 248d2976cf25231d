"""``voicestream demo``: a bundled agent session, through the speakers or, where there are none, into a file."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Final

import click
import msgspec

from voicestream.cli.session_options import output_options, request, session_command, session_options
from voicestream.cli.speaking import speak_text
from voicestream.errors import EXIT_NO_AUDIO

FALLBACK_FILE: Final = "voicestream-demo.wav"


@session_command()
@session_options
@click.pass_context
def demo(context: click.Context, /, **_options: object) -> int:
    """Speak a bundled agent session."""
    asked = request(context, input_format="claude")
    session = files("voicestream.demo").joinpath("session.jsonl").read_bytes()
    exit_code = speak_text(asked, session, may_lack_audio=asked.options.output.kind == "speakers")
    if exit_code != EXIT_NO_AUDIO or asked.options.output.kind != "speakers":
        return exit_code
    into_file = msgspec.structs.replace(asked.options, output=output_options(FALLBACK_FILE, ""))
    exit_code = speak_text(replace(asked, options=into_file), session)
    click.echo(f"voicestream: there are no speakers here; the demo is in {FALLBACK_FILE}", err=True)
    return exit_code
