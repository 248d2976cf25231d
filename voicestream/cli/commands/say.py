"""``voicestream say``: speech of one text from the command line or stdin."""

from __future__ import annotations

import click

from voicestream.cli import failures
from voicestream.cli.session.click_options import options_of, session_command, session_options
from voicestream.cli.session.stdin_session import speak_stdin
from voicestream.config.options import SAY_ONLY
from voicestream.errors import EXIT_OK


@session_command()
@click.argument("text", nargs=-1)
@session_options
@options_of(*SAY_ONLY, "detach")
@click.pass_context
def say(context: click.Context, /, text: tuple[str, ...], **_options: object) -> int:
    """Read TEXT aloud; without TEXT, or with -, read stdin."""
    if not text or text == ("-",):
        return speak_stdin(context, "type text; end with Ctrl-D", input_format="text")
    from voicestream.cli.session.request import request
    from voicestream.cli.session.speaking import speak_text, tell_disabled

    asked = request(context, input_format="text")
    if not asked.enabled:
        return tell_disabled(asked)
    words = " ".join(text)
    if not words.strip():
        failures.print_message("the text is empty, so nothing is spoken")
        return EXIT_OK
    return speak_text(asked, words.encode(errors="replace"))
