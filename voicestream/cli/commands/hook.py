"""``voicestream hook``: the hooks of interactive agents.

Without arguments it hands over one event of an agent (``voicestream.client.hook``), and never comes here.
"""

from __future__ import annotations

import difflib
import logging
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from voicestream import bounded_file, log
from voicestream.cli.click_classes import Group, GroupedCommand
from voicestream.cli.hooks import hook_command
from voicestream.cli.hooks.agents import AGENTS
from voicestream.cli.hooks.settings_file import SettingsFile
from voicestream.cli.session.click_options import GROUPS, options_of
from voicestream.client import hook_delivery
from voicestream.config import options, project_file
from voicestream.errors import EXIT_OK, ConfigurationError, VoicestreamError
from voicestream.protocol.run_directory import RunDirectory
from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)


@click.group(cls=Group)
@click.option("--start", is_flag=True, help="Start the supervisor if none is running.")
@click.option("--agent", metavar="NAME", help="Agent that the event is of. [default: claude]")
@click.option("--connect", metavar="SOCKET", help="Hand it to a supervisor on another machine (ssh -R).")
def hook(**_: object) -> None:
    """Speak interactive agents through their hooks.

    Agents run `voicestream hook` with one event on stdin; the options are for
    that.
    """


_agent = click.argument("agent", type=click.Choice(list(AGENTS)), default="claude")
_project = click.option("--project", is_flag=True, help="Settings of this directory instead of yours.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show the change and write nothing.")


@hook.command()
@_agent
@_project
@_dry_run
@click.option(
    "--start/--no-start", default=True, show_default=True, help="Hooks start the supervisor if none is running."
)
@click.option(
    "--connect", metavar="SOCKET", help="Hooks hand events to this socket, forwarded from another machine (ssh -R)."
)
def install(agent: str, project: bool, dry_run: bool, start: bool, connect: str | None) -> None:
    """Add our hooks to an agent's settings."""
    file, form = _file(agent, project=project), AGENTS[agent].form
    before = file.read()
    socket = str(Path(connect).absolute()) if connect else ""
    with _Named(file):
        text = form.with_hooks(
            before.text, hook_command.arguments(_program(), agent, starts=start and not socket, connect=socket)
        )
        is_new = not form.installed(before.text)
    if text == before.text:
        click.echo(f"voicestream: {_shown(file)} has the hooks already", err=True)
        return
    _show_change(file, before.text, text)
    if dry_run:
        click.echo("voicestream: nothing was written (--dry-run)", err=True)
        return
    if is_new:
        backup = file.keep_backup(before)
        click.echo(one_line(f"voicestream: backup: {backup}"), err=True)
    file.replace(before, text)
    click.echo(
        f"voicestream: hooks added to {_shown(file)}; sessions that are open get them when they start again", err=True
    )
    if note := AGENTS[agent].note:
        click.echo(f"voicestream: {note}", err=True)


@hook.command()
@_agent
@_project
@_dry_run
def uninstall(agent: str, project: bool, dry_run: bool) -> None:
    """Remove our hooks from an agent's settings."""
    file = _file(agent, project=project)
    before = file.read()
    with _Named(file):
        text = AGENTS[agent].form.without_hooks(before.text, file.original())
    if text == before.text:
        click.echo(f"voicestream: {_shown(file)} has no hooks of voicestream", err=True)
        return
    _show_change(file, before.text, text or "")
    if dry_run:
        click.echo("voicestream: nothing was written (--dry-run)", err=True)
        return
    file.replace(before, text)
    file.drop_backup()
    click.echo(f"voicestream: hooks removed from {_shown(file)}", err=True)


@hook.command()
@click.argument("agent", type=click.Choice(list(AGENTS)), required=False)
def status(agent: str | None) -> None:
    """Show where our hooks are installed, and their last error."""
    for name in [agent] if agent else AGENTS:
        for found in installations(name):
            state = f"{found.events} of {found.wanted} events" if found.events else "not installed"
            click.echo(f"{name}: {found.path}: {state}")
            for command in found.commands:
                click.echo(one_line(f"  {command}"))
            if found.is_other:
                click.echo("  This is another voicestream than the one you have called.")
    click.echo(one_line(f"socket: {RunDirectory.of_this_user().hook}"))
    if error := _last_error():
        click.echo(one_line(f"last error: {error}"))


@dataclass(frozen=True)
class Installation:
    """Our hooks in one settings file of an agent."""

    path: str
    events: int
    """Number of events with our hook; 0: not installed."""
    wanted: int
    """Number of events that an installation has."""
    commands: list[str]
    is_other: bool
    """True if they run another installation of voicestream."""


def installations(agent: str) -> Iterator[Installation]:
    """Yield our hooks in the user's settings of an agent, then those in the settings of this directory.

    Raises:
        ConfigurationError: a settings file is invalid.
    """
    form = AGENTS[agent].form
    for project in (False, True):
        file = _file(agent, project=project)
        with _Named(file):
            found = form.installed(file.read().text)
        commands = sorted({one for several in found.values() for one in several})
        is_other = any(shlex.split(command)[: len(_program())] != _program() for command in commands)
        yield Installation(_shown(file), len(found), len(form.events), commands, is_other)


@hook.command("open", hidden=True, cls=GroupedCommand, groups=GROUPS)
@click.argument("agent")
@click.argument("session")
@click.argument("directory", default="")
@options_of(*options.SESSION, *options.HOOK_ONLY, "only", "code", "max-lag")
@click.pass_context
def open_feed(
    context: click.Context, /, *, agent: str, session: str, directory: str, hush_on_prompt: bool, **_: object
) -> int:
    """Open the session that an agent's hooks feed; the supervisor and hooks run it."""
    from voicestream.cli.session.request import request
    from voicestream.cli.session.speaking import supervisor_arguments
    from voicestream.client.connection import Client
    from voicestream.protocol.hook_socket import EXIT_DISABLED
    from voicestream.protocol.messages import OpenSession

    log.to_file(hook_delivery.LOG_NAME)
    try:
        project = project_file.load(Path(directory)) if directory else project_file.Project(Path("/"))
        wanted = request(context, input_format="hook", project=project, is_lenient=True)
        if not wanted.enabled:
            return EXIT_DISABLED
        name = wanted.options.project or agent.capitalize()
        hush = bool(context.params.get("hush_on_prompt", hush_on_prompt))
        with Client(RunDirectory.of_this_user(), supervisor_arguments(wanted)) as client:
            client.ask_starting(
                OpenSession(
                    pid=os.getpid(),
                    options=msgspec.structs.replace(wanted.options, project=name),
                    feed=f"{agent}:{session}",
                    hush_on_prompt=hush,
                )
            )
    except VoicestreamError as error:
        _log.error("%s", error.for_people())
        raise
    return EXIT_OK


def _last_error() -> str:
    """Return the last line of the log of hooks that is an error; empty if there is none."""
    try:
        logged = bounded_file.read(log.path_of(hook_delivery.LOG_NAME), log.FILE_BYTES * 2)
    except OSError:
        return ""
    lines = logged.decode(errors="replace").splitlines()
    return next((line for line in reversed(lines) if " ERROR " in line), "")


class _Named:
    """Context manager that adds the file's name to errors about its contents."""

    def __init__(self, file: SettingsFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ConfigurationError):
            raise ConfigurationError(
                f"{self._file.path}: {error}", hint="Mend or move the file by hand; nothing was written."
            ) from error


def _file(agent: str, *, project: bool) -> SettingsFile:
    """Return the file of an agent that our hooks are in."""
    return SettingsFile(AGENTS[agent].file(project=project))


def _program() -> list[str]:
    """Return the command that runs this installation, by absolute paths."""
    executable = Path(sys.executable)
    script = executable.parent / "voicestream"
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script)]
    return [str(executable), "-P", "-m", "voicestream"]


def _show_change(file: SettingsFile, before: str, after: str) -> None:
    name = _shown(file)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name, lineterm="\n"
    )
    for line in lines:
        click.echo(strip_terminal_codes(line.removesuffix("\n")))


def _shown(file: SettingsFile) -> str:
    return one_line(str(file.path))
