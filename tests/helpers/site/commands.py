"""Commands of voicestream and targets of make, as pages name them, and their errors."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import click

from helpers.project.shadow_tree import REPOSITORY
from helpers.site import markdown
from voicestream.cli.main import voicestream

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL: Final = re.compile(
    r"(?:^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*|[|;&(]\s*|Try: |\bdo |sudo )(?:\.venv/bin/)?voicestream "
    r"((?:[^|;#&)\n]|\|(?! ))+)"
)
"""A call at the start of the code, in a pipe or list, or behind "Try:": elsewhere the name is a word of a sentence."""

_WORD: Final = re.compile(r"[a-z][a-z-]+$")
_OPTION: Final = re.compile(r"^\[?(--[a-z][a-z-]*|-[a-z])(?=$|[\]=…,.:])")
_MAKE: Final = re.compile(r"(?<![\w-])make ([a-z][a-z-]*)(?=$|[ `])")
_LONE_OPTION: Final = re.compile(r"(--[a-z][a-z-]*)(?: [^ ]+)?$")

OTHER_PROGRAMS: Final = frozenset(
    {
        "--constraint",
        "--continue",
        "--include-partial-messages",
        "--input-format",
        "--mode",
        "--output-format",
        "--replay-user-messages",
        "--resume",
        "--stream-partial-output",
        "--verbose",
    }
)
"""Options of agents and installers that pages name by themselves."""


def errors(page: str) -> Iterator[str]:
    """Yield a line for each command, option or target of make that a page names and that does not exist."""
    for number, code in markdown.code(page):
        for call in _CALL.findall(code):
            yield from (f"{number}: voicestream {call.strip()}: {error}" for error in _call_errors(call))
        for target in _MAKE.findall(code):
            if target not in _make_targets():
                yield f"{number}: make {target}: no such target"
        if (option := _LONE_OPTION.match(code)) and option[1] not in known_options() | OTHER_PROGRAMS:
            yield f"{number}: {option[1]}: no command has this option"


def _call_errors(call: str) -> Iterator[str]:
    """Yield the errors of the words behind ``voicestream``; a gap of two spaces begins the explanation."""
    words = re.split(r"\s{2,}", call.strip())[0].split()
    commands: list[click.Command] = [voicestream]
    is_value = False
    for word in words:
        if is_value:
            is_value = False
            continue
        if option := _OPTION.match(word):
            if not any(option[1] in _options(command) for command in commands):
                yield f"{option[1]} does not exist"
            is_value = word == option[1] and any(_takes_value(command, word) for command in commands)
            continue
        groups = [command for command in commands if isinstance(command, click.Group)]
        names = word.strip("[],.:…").split("|")
        if not groups or not all(_WORD.match(name) for name in names):
            if groups and not word.startswith(("-", "[", "…", "<")) and word.islower() and not word[0].isdigit():
                yield f"{word} is no command"
            return
        found = [groups[0].get_command(click.Context(groups[0]), name) for name in names]
        if not all(found):
            yield f"{word} is no command"
            return
        commands = [command for command in found if command]


@cache
def _options(command: click.Command) -> frozenset[str]:
    """Return the options of a command, and ``--help``."""
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return frozenset({*names, "--help", "-h"})


def _takes_value(command: click.Command, name: str) -> bool:
    """Return True for an option that is followed by its value."""
    return any(
        isinstance(parameter, click.Option) and name in parameter.opts and not parameter.is_flag
        for parameter in command.params
    )


@cache
def known_options() -> frozenset[str]:
    """Return the options of all commands."""

    def of(command: click.Command) -> Iterator[str]:
        yield from _options(command)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                if found := command.get_command(context, name):
                    yield from of(found)

    return frozenset(of(voicestream))


@cache
def _make_targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
