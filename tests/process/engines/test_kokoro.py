"""``voicestream run --tts kokoro``: a neural voice in the real worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.audio.comparing import first_difference, frames_of
from helpers.models import tiny_kokoro
from helpers.process.running import line
from helpers.voices.killed_voice import LONG, whole_and_killed

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Run, Voicestream

tiny_kokoro.skip_unless_installed()

SLOWLY = 3_000
"""Rounds that take about half a second a chunk."""


def models(place: Voicestream, *, rounds: int = 0) -> Path:
    """A directory of models at the place of this test."""
    directory = place.home / "models"
    tiny_kokoro.build(directory / tiny_kokoro.NAME, network=tiny_kokoro.tones(rounds=rounds))
    return directory


def speak(place: Voicestream, directory: Path, *options: str, output: str = "null") -> Run:
    return place.run("--tts", "kokoro", "--models", str(directory), *options, output=output)


def recorded(place: Voicestream, name: str) -> bytes:
    return frames_of(place.cwd / name)


def test_sentences_are_spoken_once_and_in_order_and_the_status_says_by_what(place: Voicestream) -> None:
    run = speak(place, models(place), output="spoken.wav")
    for text in ("The tests pass now.", LONG, "Done."):
        run.write(line(text))
    assert run.finish() == 0, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == [0, 1, 2]
    assert run.of("failed") == run.of("skipped") == []
    worker = place.worker("tts")
    assert (worker["engine"], worker["device"]) == ("kokoro", "cpu")
    assert len(recorded(place, "spoken.wav")) > 2 * 24_000 * 5


def test_a_worker_that_is_killed_in_mid_sentence_goes_on_at_the_very_sample(place: Voicestream) -> None:
    directory = models(place, rounds=SLOWLY)
    whole, killed = whole_and_killed(place, "--tts", "kokoro", "--models", str(directory))
    assert place.worker("tts")["incarnation"] == 2
    assert first_difference(killed, whole) is None


def test_without_weights_it_ends_with_the_command_that_fetches_them(place: Voicestream) -> None:
    (place.home / "none").mkdir()
    run = speak(place, place.home / "none")
    run.write(line("Hello."))
    assert run.finish() == 78
    assert "there are no Kokoro weights in" in run.stderr
    assert "voicestream setup" in run.stderr


def test_a_voice_that_is_not_there_is_told_with_the_nearest(place: Voicestream) -> None:
    run = speak(place, models(place), "--voice", "af_hart")
    run.write(line("Hello there."))
    assert run.finish() != 0
    assert "af_hart" in run.stderr + str(run.of("skipped")) + str(run.of("failed"))
    assert "--voice af_heart" in run.stderr + str(run.of("skipped")) + str(run.of("failed"))


def test_where_auto_has_chosen_it_espeak_says_what_it_cannot(place: Voicestream) -> None:
    directory = models(place)
    for engine, speaks, code in (("auto", "espeak", 0), ("kokoro", "kokoro", 1)):
        run = place.run("--tts", engine, "--models", str(directory), "--from", "de", output=f"{engine}.wav")
        run.write(line("Alle Tests sind durchgelaufen."))
        assert run.finish() == code, run.stderr
        assert speaks in {worker["engine"] for worker in place.status()["workers"] if worker["role"] == "tts"}
    assert len(recorded(place, "auto.wav")) > 24_000
    assert run.of("skipped")[0]["reason"] == "kokoro does not speak de"
