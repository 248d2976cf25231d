"""``voicestream run``: the end of a pipe, or (with ``--tee``) the middle of one."""

from __future__ import annotations

import click

from voicestream.cli.session.options import (
    MORE_THAN_NO_SECONDS,
    detach_option,
    option,
    session_command,
    session_options,
)
from voicestream.cli.session.stdin_session import speak_stdin
from voicestream.config.formats import AUTO, FORMATS
from voicestream.errors import UsageError


@session_command()
@session_options
@option(
    "--format",
    f"What the agent prints: {', '.join(FORMATS)}.",
    "NAME",
    type=click.Choice(FORMATS),
    default=AUTO,
    show_default=True,
)
@option(
    "--only",
    "Speak the final answer of a turn only, or all messages.",
    type=click.Choice(["final", "all"]),
    default="all",
)
@option(
    "--code", "Drop code blocks silently, or announce them.", type=click.Choice(["drop", "announce"]), default="drop"
)
@option(
    "--max-lag",
    "If speech falls more than SECONDS behind, skip the oldest messages and announce it.  [default: never]",
    "SECONDS",
    type=MORE_THAN_NO_SECONDS,
    default=None,
)
@detach_option
@click.option("--tee", is_flag=True, help="Copy stdin to stdout, unchanged.")
@click.option("--events", metavar="FILE|-", default=None, help="Write events as JSON lines.")
@click.pass_context
def run(context: click.Context, /, *, tee: bool, events: str | None, **_options: object) -> int:
    """Read an agent's output aloud.

    claude -p "…" --output-format stream-json --verbose --include-partial-messages | voicestream run --to ja
    """
    if tee and events == "-":
        raise UsageError("--tee and --events - both want stdout", hint="Give --events a file name.")
    prompt = "reading from the terminal; end with Ctrl-D (usually: agent … | voicestream run)"
    return speak_stdin(context, prompt, events=events, tee=tee)
