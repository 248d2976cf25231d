"""Sources of all settings: value and origin of each, for people."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import click
from click.core import ParameterSource

from voicestream.cli.session.click_options import check_environment, options_of
from voicestream.cli.session.request import place_of, with_settings
from voicestream.client.inherited_environment import is_secret
from voicestream.config import toml_places, worker_limits
from voicestream.config.options import BY_NAME, OPTIONS
from voicestream.config.remote import table as remote_table
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.config.config_file import Settings
    from voicestream.config.options import Option

HIDDEN: Final = "(hidden)"

DEFAULT: Final = "default"

_TABLES: Final = ("speech", "translate", "voices", "workers", remote_table.TABLE)
"""Tables of ``config.toml`` with keys that are no options."""

_VARIABLES: Final = {
    ("workers", "idle"): worker_limits.IDLE_VARIABLE,
    ("workers", "memory"): worker_limits.MEMORY_VARIABLE,
}
"""Variables of keys that are no options."""

_PASSWORD: Final = re.compile(r"(?<=://)[^\s/@]+@")
"""User and password in an address."""


@dataclass(frozen=True)
class Setting:
    """One setting."""

    key: str
    value: object
    source: str
    """Variable, or file and line, or ``DEFAULT``."""


@click.command()
@options_of(*BY_NAME)
def _all_options(**_: object) -> None:
    """Take every option."""


def resolve(files: list[Settings]) -> tuple[list[Setting], list[ConfigurationError]]:
    """Return all settings, and the errors in values; these settings have their next source.

    Args:
        files: the settings of each file, the one that wins first, the user's own last.
    """
    problems: list[ConfigurationError] = []
    with _all_options.make_context("config", []) as context:
        try:
            check_environment(context)
        except ConfigurationError as error:
            problems.append(error)
        for found in files:
            for flag, value in found.options.items():
                try:
                    with_settings(context, replace(found, options={flag: value}))
                except ConfigurationError as error:
                    problems.append(error)
        settings = [_setting(context, one) for one in OPTIONS if one.variable or one.key]
    return [*settings, *_in_tables(files[-1])], problems


def _setting(context: click.Context, option: Option) -> Setting:
    value = context.params[option.parameter_name]
    key = ".".join(option.key or (option.name,))
    if context.get_parameter_source(option.parameter_name) is ParameterSource.ENVIRONMENT:
        return Setting(key, _shown(key, value), str(option.variable))
    return Setting(key, _shown(key, value), place_of(context, option.parameter_name) or DEFAULT)


def _in_tables(found: Settings) -> Iterator[Setting]:
    """Yield the keys of the user's file that are no options."""
    options = {one.key for one in OPTIONS}
    tables = toml_places.read(found.text, found.name)
    variables = {path: name for path, name in _VARIABLES.items() if os.environ.get(name)}
    for path, value in _leaves({name: tables[name] for name in _TABLES if name in tables}):
        if path not in options and path not in variables:
            yield Setting(".".join(path), _shown("", value), toml_places.place(found.text, found.name, path))
    for path, name in variables.items():
        yield Setting(".".join(path), os.environ[name], name)


def _leaves(table: dict[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(cast("dict[str, object]", value), (*path, key))
        else:
            yield (*path, key), value


def _shown(key: str, value: object) -> object:
    """Return a value without secrets."""
    if is_secret(key):
        return HIDDEN
    return _PASSWORD.sub(f"{HIDDEN}@", value) if isinstance(value, str) else value
