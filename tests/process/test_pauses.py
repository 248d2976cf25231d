"""The quiet between sentences, as a person asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.process.in_process import refused
from helpers.process.running import line
from helpers.voices import planted_voices
from helpers.voices.planted_voices import Steady
from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

TEXT = "One is said. Two is said.\n\nThree is said."


def pauses(place: Voicestream, *options: str) -> list[float]:
    """Seconds of quiet after each sentence."""
    run = place.run("--tts", "steady", *options)
    run.write(line(TEXT))
    assert run.finish() == 0, run.stderr
    return [
        round((event["frames"] - Steady.frames_a_sentence) / SAMPLE_RATE, 3) for event in run.of("playback_finished")
    ]


def test_pauses_are_as_the_options_say_or_the_file_or_natural(place: Voicestream) -> None:
    planted_voices.plant(place)
    assert pauses(place) == [0.25, 0.6, 0.6]
    assert pauses(place, "--speed", "2") == [0.125, 0.3, 0.3]
    (place.home / "config.toml").write_text("[speech]\nsentence_pause = 0\nparagraph_pause = 1\n")
    assert pauses(place) == [0, 1, 1]
    assert pauses(place, "--sentence-pause", "0.1") == [0.1, 1, 1]
    assert pauses(place, "--paragraph-pause", "0.1") == [0, 0.1, 0.1]


@pytest.mark.parametrize("seconds", ["-1", "11", "nan", "long"])
def test_a_pause_that_cannot_be_right_is_refused(
    place: Voicestream, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    code, said = refused(place, monkeypatch, "run", "--sentence-pause", seconds)
    assert (code, "--sentence-pause" in said) == (2, True), said


def test_a_pause_in_the_file_that_cannot_be_right_is_refused_like_the_option(place: Voicestream) -> None:
    (place.home / "config.toml").write_text("[speech]\nparagraph_pause = 11\n")
    done = place.call("run", "--output", "null", "--keep-alive", "0", stdin=line(TEXT))
    assert done.returncode == 78
    assert "paragraph-pause" in done.stderr
