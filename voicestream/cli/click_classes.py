"""Click classes of the command line: suggestions for mistyped commands, grouped options, uniform usage errors."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMN: Final = 26
"""Longest option in characters whose help text starts on the same line."""


class NoSuchCommandError(click.UsageError):
    """An unknown command; ``command`` is the one to try instead."""

    def __init__(self, message: str, context: click.Context, command: str) -> None:
        super().__init__(message, context)
        self.command = command


class Group(click.Group):
    """Command group that suggests the nearest command for an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the name, the object and the arguments of a command.

        Raises:
            NoSuchCommandError: there is no command of that name.
        """
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        nearest = difflib.get_close_matches(name.lower(), self.list_commands(ctx), n=1)
        proposed = nearest[0] if nearest else "--help"
        raise NoSuchCommandError(f'{ctx.command_path} has no command "{name}"', ctx, f"{ctx.command_path} {proposed}")


class GroupedCommand(click.Command):
    """Command whose help lists its options in groups."""

    def __init__(self, *args: Any, groups: Mapping[str, tuple[str, ...]], **attributes: Any) -> None:  # noqa: ANN401 - click's
        """Initialize; ``groups``: parameter names by group title; others are listed in the last group."""
        super().__init__(*args, **attributes)
        self._groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        records = {
            parameter.name or "": record
            for parameter in self.get_params(ctx)
            if (record := parameter.get_help_record(ctx)) is not None
        }
        for title, rows in _grouped(self._groups, records).items():
            if rows:
                with formatter.section(title):
                    # The second column starts at the same place in all groups.
                    formatter.write_dl([(names.ljust(COLUMN), text) for names, text in rows], col_max=COLUMN)


class NumberRange(click.FloatRange):
    """Range of numbers that excludes NaN, which compares as inside of every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Convert to a number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def _grouped(
    groups: Mapping[str, tuple[str, ...]], records: Mapping[str, tuple[str, str]]
) -> dict[str, list[tuple[str, str]]]:
    named = {name for names in groups.values() for name in names}
    found = {title: [records[name] for name in names if name in records] for title, names in groups.items()}
    *_, last = groups
    found[last] += [record for name, record in records.items() if name not in named]
    return found


def explain(error: click.ClickException) -> str:
    """Return the message of a usage error and, on its own line, the hint."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return sentence(error.format_message())
    command = error.command if isinstance(error, NoSuchCommandError) else f"{context.command_path} --help"
    text = error.format_message()
    if isinstance(error, click.NoSuchOption):
        text = f"{context.command_path} has no option {error.option_name}"
        # The first one is the nearest in spelling; click sorts them by name.
        nearest = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1)
        text += f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{sentence(text)}\nTry: {command}"


def sentence(text: str) -> str:
    """Return a message of click in plain words and without its full stop."""
    plain = text.replace("a valid float range", "a number").replace("a valid integer range", "a whole number")
    return plain.removesuffix(".")
