"""Options that are passed on to another process of ours: what was typed, and nothing else."""

from __future__ import annotations

from typing import Final

import pytest

from voicestream.cli.commands.agents.acp import acp
from voicestream.cli.session.click_options import typed_options
from voicestream.config import options

SAMPLES: Final = {
    "compute": "cpu",
    "gpu": "tts=0",
    "from": "de",
    "to": "pt-BR",
    "lead-in": "auto",
}


def sample(one: options.Option) -> list[str]:
    """An option as it may be typed."""
    if one.type is bool:
        return [one.negative or f"--{one.name}"]
    numbers = {int: str(int(one.minimum or 1)), float: str((one.minimum or 0.0) + 0.5)}
    value = SAMPLES.get(one.name) or (one.choices[0] if one.choices else numbers.get(one.type, "x y"))
    return [f"--{one.name}", value]


@pytest.mark.parametrize("name", [*options.SESSION, "only", "code", "max-lag", "events"])
def test_an_option_is_passed_on_as_it_was_typed(name: str) -> None:
    typed = sample(options.BY_NAME[name])
    context = acp.make_context("acp", [*typed, "--", "agent", "--its-own"])
    assert typed_options(context, [*options.SESSION, "only", "code", "max-lag", "events"]) == typed
    assert context.params["agent"] == ("agent", "--its-own")


def test_variables_of_the_environment_are_left_to_the_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTREAM_TO", "ja")
    context = acp.make_context("acp", ["agent"])
    assert typed_options(context, options.SESSION) == []
