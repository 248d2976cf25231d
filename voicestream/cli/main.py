"""Entry point of the command line: finds the sub-command, and turns errors into messages and exit codes.

Sub-commands are imported on demand: ``voicestream --help`` loads nothing but click.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Final, cast

import click
from click.shell_completion import CompletionItem

from voicestream import __version__, msgspec_import, telemetry
from voicestream.cli import failures
from voicestream.cli.click_classes import Group
from voicestream.cli.shell import COMPLETE_VARIABLE
from voicestream.client.interruption import Interrupted
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

_STDOUT: Final = 1

COMMANDS: Final = {
    "run": ("run", "Read an agent's output aloud: claude … --output-format stream-json | voicestream run"),
    "say": ("say", "Read one text aloud."),
    "demo": ("demo", "Read a bundled agent session aloud."),
    "acp": ("agents.acp", "Speak an agent that runs in an editor (Agent Client Protocol)."),
    "follow": ("agents.follow", "Speak transcript files while agents write them."),
    "mcp": ("agents.mcp", "Give agents the tool `speak` (Model Context Protocol)."),
    "hook": ("hook", "Speak interactive agents: install, uninstall, status."),
    "status": ("status", "Show what is playing, what is queued, and problems."),
    "workers": ("workers", "Manage the workers: status, restart, logs."),
    "up": ("up", "Start the background supervisor and keep it running until `down`."),
    "down": ("down", "Stop the background supervisor."),
    "pause": ("control", "Pause playback."),
    "resume": ("control", "Resume playback."),
    "skip": ("control", "Skip the current sentence, or the rest of the message."),
    "back": ("control", "Go back one sentence, or several."),
    "hush": ("control", "Drop everything queued so far."),
    "speed": ("control", "Set the speed of playback, for what is being heard too."),
    "volume": ("control", "Set the volume."),
    "mute": ("control", "Mute the loudspeakers; playback continues."),
    "unmute": ("control", "Unmute the loudspeakers."),
    "serve": ("serving.serve", "Speak and translate for a team: a server on Ray Serve."),
    "history": ("records.history", "Show the last sessions; delete them."),
    "replay": ("records.replay", "Play the last sentences again, or a recorded session."),
    "setup": ("setup", "Download a translation model and a voice (interactive)."),
    "models": ("models", "Manage models: list, pull, remove, path."),
    "voices": ("voices", "Manage voices: list, add, remove, try."),
    "config": ("configuring.config", "Show or edit the configuration."),
    "devices": ("configuring.devices", "List the sound devices for --device."),
    "doctor": ("doctor", "Check the installation; each problem with the command that mends it."),
    "service": ("machine.service", "Keep the supervisor running: install, uninstall, status."),
    "completion": ("machine.completion", "Print the completion script of bash, zsh or fish."),
    "man": ("machine.man", "Print the manual page."),
    "bench": ("bench", "Run the benchmarks on this machine."),
}
"""Module below ``cli/commands`` and one-line help by command name; the module has a click command of that name."""


class _Stdout(io.FileIO):
    """Stdout whose write errors are shown to users: no command expects that its table cannot be written."""

    def write(self, data: ReadableBuffer) -> int:
        """Write as many bytes as fit.

        Raises:
            BrokenPipeError: the reader has closed the pipe.
            VoicestreamError: the system refuses.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            # The rest cannot be written either, and one error is enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            raise VoicestreamError(f"cannot write to stdout: {error.strerror}") from error


class _LazyGroup(Group):
    """Command group that imports its commands on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        msgspec_import.without_typing_extensions()
        module = importlib.import_module(f"voicestream.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return commands and options; click's own method would import every command for its help."""
        found = [
            CompletionItem(name, help=summary) for name, (_, summary) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="voicestream")
def voicestream() -> None:
    """Hear your coding agent, in your language, while it is still writing."""


def main() -> None:
    """Run the command line, and end the process with the documented exit code."""
    _open_standard_descriptors()
    telemetry.switch_off()
    failures.report_thread_errors()
    try:
        if COMPLETE_VARIABLE in os.environ:
            from voicestream.cli.shell import bash

            bash.register()
        exit_code = voicestream.main(standalone_mode=False, complete_var=COMPLETE_VARIABLE)
    except Interrupted as interrupted:
        exit_code = interrupted.exit_code
    except BrokenPipeError:
        # The reader has closed the pipe, as in `… | head`: not an error.
        exit_code = 0
    except Exception as error:  # noqa: BLE001 - reported, and logged if unexpected
        exit_code = failures.report(error)
    exit_code = exit_code if isinstance(exit_code, int) else 0
    # At exit, nothing needs to be collected.
    gc.freeze()
    sys.exit(_flush() or exit_code)


def _open_standard_descriptors() -> None:
    """Open stdin, stdout and stderr if they are closed: the next opened file would take their numbers.

    Writing to a stdout that was closed still fails: output of ``--tee`` or a table would otherwise be lost silently.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == _STDOUT else os.O_RDWR)
    # Python has no streams for descriptors that were closed at its start.
    streams = {name: cast("TextIO | None", getattr(sys, name)) for name in ("stdin", "stdout", "stderr")}
    for descriptor, (name, stream) in enumerate(streams.items()):
        if stream is None:
            setattr(sys, name, open(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False))  # noqa: SIM115 - lives as long as this process
    buffer = io.BufferedWriter(_Stdout(_STDOUT, "w", closefd=False))
    old = sys.stdout
    sys.stdout = io.TextIOWrapper(buffer, old.encoding, old.errors, line_buffering=bool(old.line_buffering))


def _flush() -> int:
    """Flush stdout; returns the exit code of a failure, or 0."""
    try:
        sys.stdout.flush()
    except (OSError, VoicestreamError) as error:
        # The interpreter would retry at exit, and print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if isinstance(error, BrokenPipeError) else failures.report(error)
    return 0
