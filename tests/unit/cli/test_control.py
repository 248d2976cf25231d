"""Arguments of the playback controls."""

from __future__ import annotations

import click
import pytest

from voicestream.cli.commands import control


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("speed", ["0.4"]),
        ("speed", ["3.1"]),
        ("speed", ["nan"]),
        ("volume", ["101%"]),
        ("volume", ["loud"]),
        ("back", ["0"]),
    ],
)
def test_a_value_that_cannot_be_is_refused(name: str, words: list[str]) -> None:
    command: click.Command = getattr(control, name)
    with pytest.raises(click.BadParameter):
        command.make_context(name, words)


@pytest.mark.parametrize("text", ["40%", "40", "40.0"])
def test_a_volume_may_have_its_sign(text: str) -> None:
    assert control.volume.make_context("volume", [text]).params == {"percent": 40.0}
