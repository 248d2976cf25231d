"""``voicestream run``: the end of a pipe, or (with ``--tee``) the middle of one."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Final

import click

from voicestream.cli.session_options import MORE_THAN_NO_SECONDS, option, request, session_command, session_options
from voicestream.cli.speaking import speak
from voicestream.errors import UsageError
from voicestream.events import EventWriter
from voicestream.formats import AUTO, FORMATS

STDIN: Final = 0
STDOUT: Final = 1


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
@option("--only", "Only the agent's last words in a turn, or all.", type=click.Choice(["final", "all"]), default="all")
@option("--code", "Code blocks: silent, or announced.", type=click.Choice(["drop", "announce"]), default="drop")
@option(
    "--max-lag",
    "When it would be heard later than this, skip the oldest messages, and say so.  [default: never]",
    "SECONDS",
    type=MORE_THAN_NO_SECONDS,
    default=None,
)
@click.option("--tee", is_flag=True, help="Pass stdin on to stdout, unchanged.")
@click.option("--events", metavar="FILE|-", default=None, help="Write what happens as JSON lines.")
@click.pass_context
def run(context: click.Context, /, *, tee: bool, events: str | None, **_options: object) -> int:
    """Speak what an agent prints.

    claude -p "…" --output-format stream-json --verbose --include-partial-messages | voicestream run --to ja
    """
    if tee and events == "-":
        raise UsageError("--tee and --events - both want stdout", hint="Give --events a file name.")
    if os.isatty(STDIN):
        click.echo(
            "voicestream: reading from the terminal; end with Ctrl-D (usually: agent … | voicestream run)", err=True
        )
    asked = request(context)
    with ExitStack() as stack:
        return speak(
            asked,
            STDIN,
            events=_event_writer(events, stack) if events else None,
            tee=STDOUT if tee else None,
        )


def _event_writer(name: str, stack: ExitStack) -> EventWriter:
    if name == "-":
        return EventWriter(STDOUT)
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--events {name}: {error.strerror}", hint="Give a file name where you may write.") from error
    stack.callback(os.close, descriptor)
    return EventWriter(descriptor)
