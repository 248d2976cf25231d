"""A session that speaks stdin: it is read from the first moment on, and to its end, whatever else fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from voicestream.cli import failures
from voicestream.cli.session import ending
from voicestream.cli.session.event_file import STDOUT, EventFile
from voicestream.client.interruption import Interruption
from voicestream.client.stdin_reader import StdinDrain

if TYPE_CHECKING:
    import click

STDIN: Final = 0


def speak_stdin(
    context: click.Context, prompt: str, *, events: str | None = None, tee: bool = False, input_format: str = "auto"
) -> int:
    """Speak stdin as the options of a command ask for; returns the exit code. Errors are told here.

    Args:
        context: of the command.
        prompt: said when stdin is a terminal.
        events: where events go, a file or ``-``, if anywhere.
        tee: pass stdin on to stdout.
        input_format: of stdin, where the command has no option for that.
    """
    with Interruption() as interruption:
        with ending.queued_stderr(interruption) as stderr:
            drain = StdinDrain(STDIN, interruption.wake, STDOUT if tee else None)
            if os.isatty(STDIN):
                # Read once the session is open: a question may have to be answered there before.
                failures.print_message(prompt)
            else:
                drain.start()
            event_file = EventFile(events) if events else None
            exit_code = ending.attempt(lambda: _speak(context, input_format, drain, interruption, event_file))
            ending.read_on(drain, interruption, exit_code)
            if event_file is not None:
                exit_code = ending.flush_events(event_file, interruption, exit_code)
            exit_code = ending.report_lost_input(drain, exit_code)
        return ending.final_code(exit_code, stderr, interruption)


def _speak(
    context: click.Context,
    input_format: str,
    drain: StdinDrain,
    interruption: Interruption,
    event_file: EventFile | None,
) -> int:
    # Imported only now: stdin is read already.
    from voicestream.cli.session.request import request
    from voicestream.cli.session.speaking import speak

    asked = request(context, input_format=input_format)
    if event_file is not None:
        event_file.check()
    return speak(asked, drain, interruption, event_file=event_file)
