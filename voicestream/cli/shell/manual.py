"""Manual pages in roff (man(7)), generated from the commands and their help texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from voicestream import __version__
from voicestream.errors import (
    EXIT_CONFIGURATION,
    EXIT_INCOMPLETE,
    EXIT_NO_AUDIO,
    EXIT_NO_SUPERVISOR,
    EXIT_OK,
    EXIT_USAGE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXIT_CODES: Final = {
    EXIT_OK: "Everything was spoken.",
    EXIT_INCOMPLETE: "Something was skipped or failed; stderr has the reason.",
    EXIT_USAGE: "An option, a language or a file name is invalid.",
    EXIT_NO_SUPERVISOR: "No supervisor is running.",
    EXIT_NO_AUDIO: "There is no audio device.",
    EXIT_CONFIGURATION: "The configuration has to be changed first.",
    126: "acp: the agent cannot be executed.",
    127: "acp: there is no such agent.",
    129: "Ended by SIGHUP.",
    130: "Ended by SIGINT (Ctrl-C).",
    143: "Ended by SIGTERM.",
}
"""Meanings of the exit codes."""

_PROGRAM: Final = "voicestream"
_ARGUMENT: Final = re.compile(r"[A-Z][A-Z|.\[\]:-]*[A-Z\]]|N|X")


class Command(NamedTuple):
    """A command and the names by which it is called."""

    path: tuple[str, ...]
    command: click.Command
    context: click.Context


def commands(root: click.Command) -> Iterator[Command]:
    """Yield a command and all below it, without hidden ones."""
    context = click.Context(root, info_name=_PROGRAM)
    yield from _below((), root, context)


def _below(path: tuple[str, ...], command: click.Command, context: click.Context) -> Iterator[Command]:
    yield Command(path, command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _below((*path, name), inner, click.Context(inner, parent=context, info_name=name))


def whole(root: click.Command) -> str:
    """Return one page with all commands."""
    every = list(commands(root))
    lines = _head((), _summary(every[0].command))
    lines += [".SH SYNOPSIS", *_synopsis(every[0])]
    lines += [".SH DESCRIPTION", *_description(every[0].command)]
    lines += [".SH OPTIONS", *_parameters(every[0])]
    lines.append(".SH COMMANDS")
    for one in every[1:]:
        lines += [f".SS {_text(' '.join((_PROGRAM, *one.path)))}", *_synopsis(one)]
        lines += [".PP", *_description(one.command), *_parameters(one)]
    return _finish(lines)


def page(root: click.Command, path: Sequence[str]) -> str | None:
    """Return the page of one command; None if there is none of that name."""
    every = {one.path: one for one in commands(root)}
    one = every.get(tuple(path))
    if one is None:
        return None
    lines = _head(one.path, _summary(one.command))
    lines += [".SH SYNOPSIS", *_synopsis(one)]
    lines += [".SH DESCRIPTION", *_description(one.command)]
    if parameters := _parameters(one):
        lines += [".SH OPTIONS", *parameters]
    inner = [other for other in every.values() if other.path[:-1] == one.path and other.path != one.path]
    if inner:
        lines.append(".SH COMMANDS")
        for other in inner:
            lines += [".TP", f"\\fB{_text(' '.join(other.path))}\\fR", _line(_summary(other.command))]
    return _finish(lines)


def _head(path: Sequence[str], summary: str) -> list[str]:
    name = "-".join((_PROGRAM, *path))
    title = f'.TH "{_text(name.upper())}" "1" "" "{_text(f"{_PROGRAM} {__version__}")}" "User Commands"'
    # No hyphenation, no justified lines: commands and options are copied from here.
    return [title, ".nh", ".ad l", ".SH NAME", f"{_text(name)} \\- {_text(summary)}"]


def _finish(lines: list[str]) -> str:
    lines.append(".SH EXIT STATUS")
    for code, meaning in EXIT_CODES.items():
        lines += [".TP", f"\\fB{code}\\fR", _line(meaning)]
    return "\n".join(lines) + "\n"


def _summary(command: click.Command) -> str:
    """Return the first sentence of a help text."""
    first = (command.help or "").split("\n\n")[0]
    return " ".join(first.split()).partition(". ")[0].removesuffix(".")


def _synopsis(one: Command) -> list[str]:
    pieces = one.command.collect_usage_pieces(one.context)
    shown = " ".join(_ARGUMENT.sub(lambda found: f"\\fI{found[0]}\\fR", _text(piece)) for piece in pieces)
    return [f"\\fB{_text(' '.join((_PROGRAM, *one.path)))}\\fR {shown}".rstrip()]


def _description(command: click.Command) -> list[str]:
    paragraphs = [" ".join(text.replace("\b", "").split()) for text in (command.help or "").split("\n\n")]
    lines: list[str] = []
    for number, text in enumerate(paragraphs):
        lines += [".PP"] if number else []
        lines.append(_line(text))
    return lines


def _parameters(one: Command) -> list[str]:
    lines: list[str] = []
    for parameter in one.command.get_params(one.context):
        record = parameter.get_help_record(one.context)
        if record is not None and record[1]:
            names, text = record
            lines += [".TP", f"\\fB{_text(' '.join(names.split()))}\\fR", _line(" ".join(text.split()))]
    return lines


def _line(text: str) -> str:
    """Return a line of text, which is no request."""
    shown = _text(text)
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def _text(text: str) -> str:
    r"""Return text for roff: backslashes, and hyphens that stay what was typed."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    for character, name in {"…": "\\[u2026]", "`": "\\(ga", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti"}.items():
        shown = shown.replace(character, name)
    return shown
