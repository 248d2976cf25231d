"""``voicestream run``: speech of an agent's output at the end of a pipe, or (``--tee``) in the middle."""

from __future__ import annotations

import click

from voicestream.cli.session.click_options import options_of, session_command, session_options
from voicestream.cli.session.stdin_session import speak_stdin
from voicestream.config.options import RUN_ONLY
from voicestream.errors import UsageError


@session_command()
@session_options
@options_of(*RUN_ONLY, "detach")
@click.pass_context
def run(
    context: click.Context, /, *, tee: bool, events: str | None, captions_file: str | None, **_options: object
) -> int:
    """Read an agent's output aloud.

    claude -p "…" --output-format stream-json --verbose --include-partial-messages | voicestream run --to ja
    """
    if tee and events == "-":
        raise UsageError("--tee and --events - both use stdout", hint="Give --events a file name.")
    if captions_file is not None and context.params["detach"]:
        raise UsageError("--captions-file needs the whole session", hint="Leave out --detach.")
    prompt = "reading from the terminal; end with Ctrl-D (usually: agent … | voicestream run)"
    return speak_stdin(context, prompt, events=events, tee=tee)
