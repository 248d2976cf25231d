"""``voicestream run --tts hibari``: a human voice in the real worker, with its real weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.audio.comparing import first_difference
from helpers.process.running import line
from helpers.voices import auto_voice, slowed_voice
from helpers.voices.killed_voice import whole_and_killed

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

auto_voice.skip_unless_installed()


def test_auto_takes_it_for_english_and_another_engine_speaks_what_it_cannot(place: Voicestream) -> None:
    run = auto_voice.chooses(place).run(output="spoken.wav")
    for text in ("The tests pass now.", "Alle Tests sind durchgelaufen, und die Datei ist wieder da.", "Done."):
        run.write(line(text))
    assert run.finish() == 0, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == [0, 1, 2]
    assert run.of("failed") == run.of("skipped") == []
    voices = {worker["engine"]: worker["device"] for worker in place.status()["workers"] if worker["role"] == "tts"}
    assert voices == {"hibari": "cpu", "espeak": "cpu"}


def test_where_it_is_named_another_language_is_skipped(place: Voicestream) -> None:
    run = place.run("--tts", "hibari", "--from", "de")
    run.write(line("Alle Tests sind durchgelaufen."))
    assert run.finish() == 1
    assert run.of("skipped")[0]["reason"] == "hibari does not speak de"


def test_a_worker_that_is_killed_in_mid_sentence_goes_on_at_the_very_sample(place: Voicestream) -> None:
    slowed_voice.plug_in(place, "hibari")
    whole, killed = whole_and_killed(place, "--tts", slowed_voice.NAME)
    assert place.worker("tts")["incarnation"] == 2
    assert len(whole) > 2 * 24_000 * 5
    assert first_difference(killed, whole) is None


def test_a_voice_that_is_not_downloaded_is_told_with_the_command_that_does(place: Voicestream) -> None:
    place.environment["HIBARI_HOME"] = str(place.home / "no-voices")
    done = place.call("say", "--tts", "hibari", "--voice", "emma", "--output", "null", "Hello.")
    assert done.returncode == 1
    assert "the voice emma of hibari is not downloaded yet" in done.stderr
    assert "hibari Hello --voice emma" in done.stderr
