"""Stdin session: reads stdin from the start and to its end, whatever else fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from voicestream.cli import failures
from voicestream.cli.session import ending
from voicestream.cli.session.queued_file import STDOUT, QueuedFile
from voicestream.client.interruption import Interruption
from voicestream.client.stdin_reader import StdinDrain

if TYPE_CHECKING:
    import click

STDIN: Final = 0


def speak_stdin(
    context: click.Context,
    prompt: str,
    *,
    events: str | None = None,
    tee: bool = False,
    input_format: str = "auto",
) -> int:
    """Speak stdin with the options of a command; returns the exit code. Errors are reported here.

    Args:
        context: of the command.
        prompt: shown if stdin is a terminal.
        events: target of events, a file or ``-``, if any.
        tee: copy stdin to stdout.
        input_format: of stdin, for commands without an option for it.
    """
    with Interruption() as interruption:
        with ending.queued_stderr(interruption) as stderr:
            drain = StdinDrain(STDIN, interruption.wake, STDOUT if tee else None)
            files: dict[str, QueuedFile] = {}

            def work() -> int:
                # From here on, a signal ends the work and not the report of what is lost.
                if os.isatty(STDIN):
                    # Read after the session is open: a question may have to be answered at the terminal before.
                    failures.print_message(prompt)
                else:
                    drain.start()
                if events:
                    files["events"] = QueuedFile("--events", "events", events)
                return _speak(context, input_format, drain, interruption, files)

            exit_code = ending.run_reporting_errors(work)
            ending.drain_to_end(drain, interruption, exit_code)
            for file in files.values():
                exit_code = ending.flush_file(file, interruption, exit_code)
            exit_code = ending.report_lost_input(drain, exit_code)
        return ending.final_code(exit_code, stderr, interruption)


def _speak(
    context: click.Context,
    input_format: str,
    drain: StdinDrain,
    interruption: Interruption,
    files: dict[str, QueuedFile],
) -> int:
    """Speak stdin; ``files`` has those open, by what is written, and gets the captions file."""
    # Imported late: stdin is being read already.
    from voicestream.cli.session import captions_file
    from voicestream.cli.session.request import request
    from voicestream.cli.session.speaking import speak, tell_disabled

    asked = request(context, input_format=input_format)
    if not asked.enabled:
        return tell_disabled(asked)
    if "events" in files:
        files["events"].check()
    if name := context.params.get("captions_file"):
        files["captions"] = captions_file.open_file(name, force=bool(context.params["force"]))
    return speak(asked, drain, interruption, event_file=files.get("events"), captions_file=files.get("captions"))
