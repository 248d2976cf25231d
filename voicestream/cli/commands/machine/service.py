"""``voicestream service``: the supervisor as a service of the user's session."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from voicestream.atomic_files import write_whole
from voicestream.cli.click_classes import Group
from voicestream.cli.shell import service_files
from voicestream.config import user_directories
from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK, ConfigurationError, VoicestreamError
from voicestream.terminal_text import one_line, strip_terminal_codes

MANAGER_SECONDS: Final = 60.0
"""Timeout of a command of the service manager."""


@dataclass(frozen=True)
class Definition:
    """File of a service, and the commands of its service manager."""

    path: Path
    contents: bytes
    starting: tuple[tuple[str, ...], ...]
    stopping: tuple[tuple[str, ...], ...]
    """Before the file is removed; a service that does not run is no error."""
    removed: tuple[tuple[str, ...], ...]
    """After that."""
    asking: tuple[str, ...]
    """Exit code 0 if it runs."""


@click.group(cls=Group)
def service() -> None:
    """Keep the supervisor running while you are logged in.

    A systemd user unit on Linux, a launchd agent on macOS.
    """


_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@service.command()
@_dry_run
def install(*, dry_run: bool) -> int:
    """Write the service file, and start the service now and with each login.

    The service gets the VOICESTREAM_* variables that are set now.
    """
    found = _definition()
    before = _read(found.path)
    _say(f"{found.path}:")
    click.echo(strip_terminal_codes(found.contents.decode()), nl=False)
    if dry_run:
        _show(found.starting)
        return EXIT_OK
    if before == found.contents:
        _say("the file is there already")
    else:
        _write(found)
    return _run(found.starting)


@service.command()
@_dry_run
def uninstall(*, dry_run: bool) -> int:
    """Stop the service, and remove its file."""
    found = _definition()
    if _read(found.path) is None:
        _say(f"{found.path}: there is no such file")
        return EXIT_OK
    if dry_run:
        _show([*found.stopping, ("rm", str(found.path)), *found.removed])
        return EXIT_OK
    _run(found.stopping, is_required=False)
    try:
        found.path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot remove {found.path}: {error.strerror}") from error
    _say(f"removed {found.path}")
    return _run(found.removed, is_required=False)


@service.command()
def status() -> int:
    """Show whether the service is installed and running; exit code 1 if it is not."""
    found = _definition()
    before = _read(found.path)
    if before is None:
        state = "not installed"
    elif before != found.contents:
        state = "installed with other settings; voicestream service install renews it"
    else:
        state = "installed"
    is_running = before is not None and _code(found.asking) == 0
    click.echo(one_line(f"{found.path}: {state}, {'running' if is_running else 'not running'}"))
    return EXIT_OK if is_running else EXIT_INCOMPLETE


def _definition() -> Definition:
    command = [*_program(), "up", "--foreground"]
    environment = service_files.environment_of(os.environ)
    if sys.platform == "darwin":
        return _launchd(command, environment)
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    systemctl = ("systemctl", "--user")
    reload = (*systemctl, "daemon-reload")
    return Definition(
        path=folder / service_files.UNIT,
        contents=service_files.systemd_unit(command, environment).encode(),
        starting=(reload, (*systemctl, "enable", "--now", service_files.UNIT)),
        stopping=((*systemctl, "disable", "--now", service_files.UNIT),),
        removed=(reload,),
        asking=(*systemctl, "is-active", "--quiet", service_files.UNIT),
    )


def _launchd(command: list[str], environment: dict[str, str]) -> Definition:
    path = Path.home() / "Library" / "LaunchAgents" / f"{service_files.LABEL}.plist"
    domain = f"gui/{os.getuid()}"
    # The default there has no place of packages; engines start programs.
    environment = {**environment, "PATH": os.environ.get("PATH", os.defpath)}
    log = str(user_directories.log() / "service.log")
    return Definition(
        path=path,
        contents=service_files.launchd_agent(command, environment, log),
        starting=(("launchctl", "bootstrap", domain, str(path)),),
        stopping=(("launchctl", "bootout", f"{domain}/{service_files.LABEL}"),),
        removed=(),
        asking=("launchctl", "print", f"{domain}/{service_files.LABEL}"),
    )


def _program() -> list[str]:
    """Return the command that runs this installation, by absolute paths."""
    script = Path(sys.executable).parent / "voicestream"
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-P", "-m", "voicestream"]


def _read(path: Path) -> bytes | None:
    """Return the file, None if there is none.

    Raises:
        ConfigurationError: it cannot be read, or is not ours.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    if service_files.MARK.encode() not in data:
        raise ConfigurationError(f"{path} was not written by voicestream", hint="Move it away, and try again.")
    return data


def _write(found: Definition) -> None:
    try:
        found.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(found.path, found.contents)
    except OSError as error:
        raise ConfigurationError(f"cannot write {found.path}: {error.strerror}") from error
    _say(f"wrote {found.path}")


def _run(commands: tuple[tuple[str, ...], ...], *, is_required: bool = True) -> int:
    """Run commands of the service manager and show them; returns the exit code."""
    for number, command in enumerate(commands):
        if shutil.which(command[0]) is None:
            _say(f"{command[0]} was not found. Where it is there, type:")
            _show(commands[number:])
            return EXIT_INCOMPLETE if is_required else EXIT_OK
        _show([command])
        if _code(command) != 0 and is_required:
            left = " && ".join(map(shlex.join, commands[number:]))
            raise VoicestreamError(f"failed: {shlex.join(command)}", hint=f"In a login session, type: {left}")
    return EXIT_OK


def _code(command: tuple[str, ...]) -> int:
    """Run a command; returns its exit code. What it prints goes to stderr."""
    if shutil.which(command[0]) is None:
        return EXIT_INCOMPLETE
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), timeout=MANAGER_SECONDS, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VoicestreamError(f"failed: {shlex.join(command)}: {error}") from error


def _show(commands: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> None:
    for command in commands:
        click.echo(one_line(f"$ {shlex.join(command)}"), err=True)


def _say(text: str) -> None:
    click.echo(one_line(f"voicestream: {text}"), err=True)
