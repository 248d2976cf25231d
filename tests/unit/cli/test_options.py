"""The table of options: what the command line, the environment and config.toml take comes from it."""

from __future__ import annotations

import argparse

import click
import pytest

from voicestream.cli.commands.demo import demo
from voicestream.cli.commands.hook import open_feed
from voicestream.cli.commands.run import run
from voicestream.cli.commands.say import say
from voicestream.cli.commands.up import up
from voicestream.config import config_file, options
from voicestream.config.engine_choice import EngineChoice
from voicestream.config.options import BY_NAME, OPTIONS, Option


def of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by the name of their flag, without that of the help."""
    return {
        parameter.opts[-1].removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (run, [*options.SESSION, *options.RUN_ONLY, "detach"]),
        (say, [*options.SESSION, *options.SAY_ONLY, "detach"]),
        (demo, options.SESSION),
        (up, [*options.ENGINES, "foreground"]),
        (open_feed, [*options.SESSION, *options.HOOK_ONLY, "only", "code", "max-lag"]),
    ],
)
def test_a_command_has_the_options_of_the_table_and_no_others(command: click.Command, names: list[str]) -> None:
    assert sorted(of(command)) == sorted(names)


@pytest.mark.parametrize("one", OPTIONS, ids=lambda one: one.name)
def test_an_option_is_as_the_table_says(one: Option) -> None:
    commands = {**dict.fromkeys(options.HOOK_ONLY, open_feed), **dict.fromkeys(options.SAY_ONLY, say)}
    found = of(commands.get(one.name, run))[one.name]
    assert found.name == one.parameter_name
    assert found.envvar == one.variable
    assert found.help == one.help
    assert found.multiple == one.repeats
    assert found.is_flag == (one.type is bool)


def test_the_file_takes_each_option_that_has_a_key() -> None:
    at_the_top = {one.name for one in OPTIONS if one.key == (one.name,)}
    assert at_the_top == {*config_file.OPTION_TYPES, "gpu"}
    assert {one.key for one in OPTIONS if one.key and len(one.key) > 1} == {
        ("speech", key) for key in config_file.PAUSES
    }


def test_a_name_stands_once() -> None:
    assert len(BY_NAME) == len(OPTIONS)


@pytest.mark.parametrize(
    "choice",
    [
        EngineChoice(),
        EngineChoice(tts="kokoro", translator="none", models="/a b", compute="cpu", graphs=False),
        EngineChoice(compute="cuda", gpus={"tts": 1, "translation": 0}, direction="en-pt"),
    ],
)
def test_a_supervisor_reads_the_engines_that_its_client_chose(choice: EngineChoice) -> None:
    parser = argparse.ArgumentParser()
    EngineChoice.add_to(parser)
    assert EngineChoice.parsed(parser.parse_args(choice.arguments())) == choice
