"""Click options of a session, shared by ``run``, ``say`` and ``demo``; imports little, so that parsing is fast.

An invalid typed value ends the command during parsing. An invalid value in the environment does not: it is kept until
``check_environment``, which ``run`` calls when it is already reading the agent's output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import click
from click.core import ParameterSource

from voicestream.cli.click_classes import GroupedCommand, NumberRange, sentence
from voicestream.cli.session import output_option
from voicestream.cli.shell import values
from voicestream.config import languages, options
from voicestream.config.engine_settings import check_compute
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PROBLEMS: Final = "voicestream.cli.session.click_options"
"""Key in ``click.Context.meta`` of the errors in the environment."""


class SessionOption(click.Option):
    """Option with an environment variable."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's
        """Return the typed value; the default for an invalid one in the environment."""
        try:
            return super().process_value(ctx, value)
        except (click.BadParameter, UsageError) as error:
            if ctx.get_parameter_source(self.name or "") is not ParameterSource.ENVIRONMENT:
                raise
            problems: list[ConfigurationError] = ctx.meta.setdefault(_PROBLEMS, [])
            problems.append(
                ConfigurationError(
                    f"{self.envvar}={self.resolve_envvar_value(ctx)}: {error_text(error)}",
                    hint=getattr(error, "hint", "") or f"Set it to another value, or type: unset {self.envvar}",
                )
            )
            return super().process_value(ctx, self.get_default(ctx))


def check_environment(context: click.Context) -> None:
    """Report errors in the environment variables of a command's options.

    Raises:
        ConfigurationError: a variable has an invalid value.
    """
    for problem in context.meta.get(_PROBLEMS, []):
        raise problem


def error_text(error: click.ClickException | UsageError) -> str:
    """Return the message of an invalid value."""
    return sentence(error.message) if isinstance(error, click.ClickException) else str(error)


def _language(tag: str) -> str:
    """Return the normalized tag of a known language."""
    return languages.parse(tag).tag


def _lead_in(typed: str) -> str:
    """Return the validated value of ``--lead-in``."""
    output_option.lead_in_seconds(typed)
    return typed


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "from": _language,
    "to": _language,
    "compute": check_compute,
    "lead-in": _lead_in,
}
"""Checks beyond the type of a value."""


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
        shell_complete=values.OF_OPTION.get(name),
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
        return NumberRange(one.minimum, one.maximum, min_open=one.excludes_minimum)
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


def typed_options(context: click.Context, names: Iterable[str]) -> list[str]:
    """Return the options of the table that were typed, as arguments for another process of ours."""
    arguments: list[str] = []
    for one in map(options.BY_NAME.__getitem__, names):
        value: object = context.params.get(one.parameter_name)
        if context.get_parameter_source(one.parameter_name) is not ParameterSource.COMMANDLINE:
            continue
        if one.type is bool:
            arguments.append(f"--{one.name}" if value else one.negative)
        else:
            for each in cast("tuple[object, ...]", value) if one.repeats else (value,):
                arguments += [f"--{one.name}", str(each)]
    return arguments
