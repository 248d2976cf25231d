"""``voicestream run --tts xtts``: XTTS in the real worker, with a small model that the tests have made."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.audio.comparing import first_difference, frames_of
from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.process.running import line

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Run, Voicestream

skip_unless_voice_installed()

LONG = "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all tests pass."


@pytest.fixture
def place(place: Voicestream) -> Voicestream:
    """One thread: two that wait for each other take long on a machine that is busy with other tests."""
    place.environment["OMP_NUM_THREADS"] = "1"
    return place


def speak(place: Voicestream, models: Path, *options: str, output: str = "null") -> Run:
    return place.run("--tts", "xtts", "--models", str(models), *options, output=output)


def recorded(place: Voicestream, name: str) -> bytes:
    return frames_of(place.cwd / name)


def test_a_worker_that_is_killed_in_mid_sentence_goes_on_at_the_very_sample(
    place: Voicestream, xtts_models: Path
) -> None:
    for name in ("whole.wav", "killed.wav"):
        run = speak(place, xtts_models, output=name)
        for text in ("The tests pass now.", LONG, "Done."):
            run.write(line(text))
        run.wait_for("speech_started", 2)
        if name == "killed.wav":
            assert [event["sentence"] for event in run.of("speech_finished")] == [0], "the second is being made"
            os.kill(place.pid_of("tts"), signal.SIGKILL)
        assert run.finish() == 0, run.stderr
        assert [event["sentence"] for event in run.of("playback_finished")] == [0, 1, 2]
        assert run.of("failed") == run.of("skipped") == []
    worker = place.worker("tts")
    assert (worker["incarnation"], worker["engine"], worker["device"]) == (2, "xtts", "cpu int8")
    assert first_difference(recorded(place, "killed.wav"), recorded(place, "whole.wav")) is None
    assert len(recorded(place, "whole.wav")) > 2 * 24_000 * 3
