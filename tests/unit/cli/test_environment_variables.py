"""Wrong ``VOICESTREAM_*`` variables: exit code 78 and a sentence that names the variable; typed, the same is 2."""

from __future__ import annotations

import click
import pytest

from voicestream.cli.click_classes import explain
from voicestream.cli.commands.agents.follow import follow
from voicestream.cli.commands.say import say
from voicestream.cli.commands.up import up
from voicestream.cli.commands.voices import voices
from voicestream.errors import ConfigurationError, UsageError

CASES = [
    (up, [], "--tts", "ospeak"),
    (up, [], "--translator", "deepl"),
    (up, [], "--models", "no/such"),
    (up, [], "--compute", "abacus"),
    (up, [], "--gpu", "x"),
    (voices, ["list"], "--models", "no/such"),
]


@pytest.mark.parametrize(("command", "arguments", "option", "value"), CASES)
def test_a_wrong_variable_is_named_with_78_and_a_wrong_option_is_2(
    command: click.Command, arguments: list[str], option: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        command.main([*arguments, option, value], standalone_mode=False)
    variable = f"VOICESTREAM_{option.removeprefix('--').upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        command.main(arguments, standalone_mode=False)
    assert caught.value.exit_code == 78
    assert str(caught.value).startswith(f"{variable}={value}: ")


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        (say, ["--speed", "fast", "x"], "'fast' is not a number"),
        (say, ["--beams", "x", "x"], "'x' is not a whole number"),
        (follow, ["x", "--until-idle", "nan"], "'nan' is not a number"),
    ],
)
def test_a_value_that_is_no_number_is_told_in_plain_words(
    command: click.Command, arguments: list[str], told: str
) -> None:
    with pytest.raises(click.BadParameter) as caught:
        command.main(arguments, standalone_mode=False)
    assert told in explain(caught.value)


def test_a_variable_that_is_no_boolean_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTREAM_GRAPHS", "perhaps")
    with pytest.raises(ConfigurationError, match="VOICESTREAM_GRAPHS=perhaps: ") as caught:
        up.main([], standalone_mode=False)
    assert caught.value.exit_code == 78
