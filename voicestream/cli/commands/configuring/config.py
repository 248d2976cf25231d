"""``voicestream config``: settings with their sources, files that are read, and an editor for them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import click
import msgspec

from voicestream.cli import failures
from voicestream.cli.click_classes import Group
from voicestream.cli.columns import Column, show, table, terminal_width
from voicestream.config import config_file, options, project_file
from voicestream.config.remote import table as hosts_table
from voicestream.errors import EXIT_CONFIGURATION, EXIT_OK, ConfigurationError, UsageError
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from pathlib import Path

JSON_VERSION: Final = 1

EDITORS: Final = ("sensible-editor", "nano", "vim", "vi")
"""Editors that are tried if neither VISUAL nor EDITOR names one."""

_COLUMNS: Final = (Column("key"), Column("value"), Column("source", 1))

_IN_TABLES: Final = """
# [speech.replace]         # how words are to be said
# kubectl = "kube control"

# [translate]
# keep = ["voicestream"]   # words that are not translated

# [voices]                 # by language: ENGINE, ENGINE:VOICE or a voice of your own
# en = "ENGINE:VOICE"

# [workers]                # engines that no session needs end
# idle = 600
# memory = "4 GiB"
"""


@click.group(cls=Group)
def config() -> None:
    """Show or edit the configuration."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def show_settings(*, as_json: bool) -> int:
    """Show each setting, its value and its source.

    The exit code is 78 if one of the files or variables has an error.
    """
    from voicestream.cli.session import sources

    project = project_file.of_working_directory()
    problems = list(project.problems)
    try:
        own = config_file.load(config_file.path())
    except ConfigurationError as error:
        own = config_file.Settings()
        problems.append(error)
    settings, more = sources.resolve([project.settings, own])
    problems += more
    if as_json:
        rows = [{"key": one.key, "value": one.value, "source": one.source} for one in settings]
        told = [{"text": str(problem), "hint": problem.hint} for problem in problems]
        click.echo(msgspec.json.encode({"version": JSON_VERSION, "settings": rows, "problems": told}))
    else:
        show(table(_COLUMNS, [(one.key, _shown(one.value), one.source) for one in settings], terminal_width()))
        for problem in problems:
            failures.print_message(problem.for_people())
    return EXIT_CONFIGURATION if problems else EXIT_OK


@config.command()
def path() -> None:
    """Print the files that are read here, the one that wins first."""
    project = project_file.of_working_directory()
    for file in (project.file, config_file.path()):
        if file is not None:
            click.echo(one_line(str(file)))
            if not file.exists():
                click.echo("voicestream: that file does not exist; nothing needs it", err=True)


@config.command()
@click.option("--project", is_flag=True, help=f"The project's {project_file.NAME} instead of yours.")
def edit(*, project: bool) -> int:
    """Edit your config.toml with VISUAL or EDITOR, and check it.

    A file that does not exist is begun with a template in which every key is a comment. The exit code is 78 if the file
    has an error afterwards.
    """
    file = _of_project() if project else config_file.path()
    editor = _editor()
    template = "" if file.exists() else _template(project=project)
    if template:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(template, encoding="utf-8")
        except OSError as error:
            hint = f"Set {config_file.ENVIRONMENT_VARIABLE} to a file that you may write."
            if project:
                hint = "Change to a directory that you may write to: cd"
            raise ConfigurationError(f"cannot write {file}: {error.strerror}", hint=hint) from error
    try:
        exit_code = subprocess.run([*editor, str(file)], check=False).returncode
    except OSError as error:
        raise UsageError(f"cannot start {editor[0]}: {error.strerror}", hint="Set EDITOR to another one.") from error
    finally:
        if template and file.is_file() and file.read_text(encoding="utf-8", errors="replace") == template:
            file.unlink()  # nothing was changed
    if exit_code:
        raise UsageError(f"{editor[0]} ended with exit code {exit_code}", hint="Set EDITOR to another one.")
    problems = _check(file, project=project)
    for problem in problems:
        failures.print_message(problem.for_people())
    if problems:
        again = "voicestream config edit --project" if project else "voicestream config edit"
        failures.print_message(f"the file has an error\nTry: {again}")
    return EXIT_CONFIGURATION if problems else EXIT_OK


def _check(file: Path, *, project: bool) -> list[ConfigurationError]:
    """Return the errors of a file that was edited."""
    from voicestream.cli.session import sources

    try:
        if not project:
            found = config_file.load(file)
        else:
            loaded = project_file.load(file.parent)
            if loaded.problems:
                return list(loaded.problems)
            found = loaded.settings
    except ConfigurationError as error:
        return [error]
    return [problem for problem in sources.resolve([found])[1] if str(file) in str(problem)]


def _of_project() -> Path:
    """Return the project's file, or where a new one belongs.

    Raises:
        UsageError: a file in this directory would not be read.
    """
    found = project_file.of_working_directory()
    if not project_file.can_have_file(found.directory):
        raise UsageError(
            f"{found.directory} is no project: a {project_file.NAME} is not read in your home directory or above it, "
            "nor in directories of others",
            hint="Change to a directory of a project: cd",
        )
    return found.file or found.directory / project_file.NAME


def _editor() -> list[str]:
    """Return the command of the user's editor.

    Raises:
        UsageError: there is none.
    """
    for variable in ("VISUAL", "EDITOR"):
        if named := os.environ.get(variable, "").strip():
            try:
                return shlex.split(named)
            except ValueError as error:
                raise UsageError(f"{variable}={named}: {error}", hint=f"Set {variable} to a command.") from error
    found = next((editor for editor in EDITORS if shutil.which(editor)), None)
    if found is None:
        raise UsageError("there is no editor", hint="Set EDITOR to a command, such as nano.")
    return [found]


def _template(*, project: bool) -> str:
    """Return a new file, in which every key is a comment with its default."""
    names = options.PROJECT if project else tuple(config_file.OPTION_TYPES)
    title = "voicestream in this project" if project else "voicestream"
    lines = [f"# Settings of {title}. Remove the # before a line to change a value."]
    for name in names:
        one = options.BY_NAME[name]
        value = msgspec.json.encode("" if one.default is None else one.default).decode()
        lines += [f"\n# {one.help}", f"# {name} = {value}"]
    return "\n".join(lines) + "\n" + ("" if project else _IN_TABLES + hosts_table.EXAMPLE)


def _shown(value: object) -> str:
    """Return a value as TOML writes it."""
    if value is None or value in ("", ()):
        return "-"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
