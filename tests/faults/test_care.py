"""A voice that needs care, in the whole program: what is wrong is not heard, and a killed worker's sentence goes on."""

from __future__ import annotations

import os
import signal
import wave
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line
from helpers.voices import careless_voice
from helpers.voices.careless_voice import SILENT_AT_FIRST, seconds_of

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

TEXTS = [
    "The first sentence is one that goes on for a while, so that there is time.",
    f"The second one is {SILENT_AT_FIRST}, and then it is as long as the first.",
    "The third one ends it.",
]


def spoken(place: Voicestream, name: str, kill: int | None = None) -> tuple[Run, bytes]:
    """The file of a session; ``kill``: the sentence in the midst of which the worker is killed."""
    run = place.run("--tts", careless_voice.NAME, output=name)
    run.write(b"".join(line(text) for text in TEXTS))
    if kill is not None:
        pid = place.pid_of("tts")
        run.wait_for("speech_started", kill + 1)
        os.kill(pid, signal.SIGKILL)
    assert run.finish() == 0, run.stderr
    with wave.open(str(place.cwd / name), "rb") as file:
        return run, file.readframes(file.getnframes())


def test_neither_run_ons_nor_silence_are_heard(place: Voicestream) -> None:
    careless_voice.plug_in(place)
    run, _ = spoken(place, "a.wav")
    for text, event in zip(TEXTS, run.of("playback_finished"), strict=True):
        assert event["frames"] / 24_000 == pytest.approx(seconds_of(text) + 0.6, abs=0.1)
    assert "sentence=1 it is silent; retrying with another seed" in place.log_text("tts")
    assert SILENT_AT_FIRST not in place.log_text("tts")


def test_the_sentence_of_a_killed_worker_goes_on_sample_for_sample(place: Voicestream) -> None:
    careless_voice.plug_in(place)
    _, undisturbed = spoken(place, "undisturbed.wav")
    for sentence in (0, 1):
        run, heard = spoken(place, f"killed{sentence}.wav", kill=sentence)
        assert any(event["state"] == "backoff" for event in run.of("worker"))
        assert heard == undisturbed
