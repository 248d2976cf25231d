"""The options that describe a session, shared by ``run``, ``say`` and ``demo``; imports little, to be parsed at once.

A value that was typed and cannot be right ends the command while it is parsed. One from the environment does not: it
is kept until ``check_environment``, which ``run`` reaches when it reads the agent's output already.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from voicestream.cli.click_classes import GroupedCommand
from voicestream.config import languages, options
from voicestream.config.engine_settings import check_compute
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBLEMS: Final = "voicestream.client.environment"
"""Key in ``click.Context.meta`` of what is wrong in the environment."""


class SessionOption(click.Option):
    """An option that has an environment variable."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's
        """The value as its type; the default for one in the environment that cannot be right."""
        try:
            return super().process_value(ctx, value)
        except (click.BadParameter, UsageError) as error:
            if ctx.get_parameter_source(self.name or "") is not ParameterSource.ENVIRONMENT:
                raise
            problems: list[ConfigurationError] = ctx.meta.setdefault(_PROBLEMS, [])
            problems.append(
                ConfigurationError(
                    f"{self.envvar}={self.resolve_envvar_value(ctx)}: {in_words(error)}",
                    hint=getattr(error, "hint", "") or f"Set it to another value, or type: unset {self.envvar}",
                )
            )
            return super().process_value(ctx, self.get_default(ctx))


def check_environment(context: click.Context) -> None:
    """Report what is wrong in the environment variables of a command's options.

    Raises:
        ConfigurationError: one of them has a value that its option cannot have.
    """
    for problem in context.meta.get(_PROBLEMS, []):
        raise problem


def in_words(error: click.ClickException | UsageError) -> str:
    """What is wrong with a value."""
    return error.message if isinstance(error, click.ClickException) else str(error)


def _language(tag: str) -> str:
    """The normalised tag of a language that voicestream knows."""
    return languages.parse(tag).tag


class _NumberRange(click.FloatRange):
    """A range that holds numbers only: NaN is not outside of any range, as comparing goes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """The number that was typed."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


_CHECKS: Final[dict[str, Callable[[str], str]]] = {"from": _language, "to": _language, "compute": check_compute}
"""What else than its type a value must be."""


def option(name: str) -> Callable[[Any], Any]:
    """Return the click option of a name in the table of options, with its environment variable."""
    one = options.BY_NAME[name]
    more: dict[str, Any] = {"multiple": True} if one.repeats else {"default": one.default}
    if one.type is bool:
        more["is_flag"] = True
    else:
        more |= {"type": _type(one), "metavar": one.metavar}
    return click.option(
        *one.flags,
        one.parameter_name,
        cls=SessionOption if one.variable else click.Option,
        envvar=one.variable,
        help=one.help,
        show_default=one.shows_default,
        **more,
    )


def _type(one: options.Option) -> Any:  # noqa: ANN401 - click takes types and functions alike
    if one.name in _CHECKS:
        return _CHECKS[one.name]
    if one.choices:
        return click.Choice(one.choices)
    if one.type is int:
        return click.IntRange(_whole(one.minimum), _whole(one.maximum))
    if one.type is float:
        return _NumberRange(one.minimum, one.maximum, min_open=one.excludes_minimum)
    return str


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _by_group() -> dict[str, tuple[str, ...]]:
    titles = dict.fromkeys(one.group for one in options.OPTIONS)
    groups = {
        str(title): tuple(one.parameter_name for one in options.OPTIONS if one.group == title) for title in titles
    }
    return {**groups, "Other": ("help",)}


GROUPS: Final = _by_group()
"""Parameters of the commands that open a session, by the title of their group in ``--help``."""


def session_command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """Decorate a function as a command that opens a session."""
    return click.command(name, cls=GroupedCommand, groups=GROUPS)


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options of a session; it gets them as keyword arguments."""
    return options_of(*options.SESSION)(command)


def options_of(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a click command with options of the table, by their names."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            command = option(name)(command)
        return command

    return decorate
