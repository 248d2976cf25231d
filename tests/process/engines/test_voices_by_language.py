"""Each sentence is spoken by the best voice for its language, unless a voice was chosen for the whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.process.running import line
from helpers.voices import auto_voice, language_voices
from helpers.voices.language_voices import FRAMES, LEFT_ALONE
from voicestream.supervisor.sessions.voice_selection import better_engine

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

GERMAN = ("--to", "de", "--translator", "half")
TEXTS = ("This is the first.", f"This one is {LEFT_ALONE}.", "This is the last.")
ENGLISH_SENTENCE = 1


@pytest.fixture
def place(place: Voicestream) -> Voicestream:
    """A place where voicestream chooses."""
    return auto_voice.chooses(place)


def speak(place: Voicestream, *options: str) -> Run:
    run = place.run(*GERMAN, *options)
    run.write(b"".join(line(text) for text in TEXTS))
    run.end_input()
    run.wait_for("session_closed")
    assert run.wait() == 1, run.stderr  # one was not translated
    assert [event["sentence"] for event in run.of("playback_finished")] == [0, 1, 2]
    return run


def seconds(run: Run) -> list[float]:
    """The lengths of the sentences, without the pause after each."""
    finished = sorted(run.of("speech_finished"), key=lambda event: event["sentence"])
    return [event["frames"] / event["sample_rate"] for event in finished]


def voices(place: Voicestream) -> dict[str, dict[str, Any]]:
    return {worker["engine"]: worker for worker in place.status()["workers"] if worker["role"] == "tts"}


def is_english(run: Run) -> list[bool]:
    """Of each sentence, whether the English voice spoke it."""
    return [length < FRAMES / 24_000 + 0.65 and round(length * 100) % 5 == 0 for length in seconds(run)]


def test_a_sentence_that_was_not_translated_is_spoken_by_the_best_voice_for_its_language(place: Voicestream) -> None:
    place.environment["PYTHONPATH"] = language_voices.plug_in(place.home / "voices")
    assert is_english(speak(place)) == [False, True, False]
    assert voices(place).keys() == {"espeak", "english"}
    alone = place.run("--tts", "espeak", *GERMAN)
    alone.write(line(TEXTS[ENGLISH_SENTENCE]))
    assert alone.finish() == 1
    assert is_english(alone) == [False], "a voice that was typed holds for the whole session"
    english = place.run()
    english.write(line(TEXTS[0]))
    assert english.finish() == 0
    assert is_english(english) == [True]


def test_the_users_file_names_voices_by_language(place: Voicestream) -> None:
    (place.home / "config.toml").write_text('[voices]\nen = "espeak:en-gb"\nde = "espeak"\n')
    place.environment["PYTHONPATH"] = language_voices.plug_in(place.home / "voices")
    assert is_english(speak(place)) == [False, False, False]
    assert voices(place).keys() == {"espeak"}
    (place.home / "config.toml").write_text('\n[voices]\nen = "elevenlabs:x"\n')
    done = place.call("say", "--output", "null", "Hello.")
    assert done.returncode == 78
    assert "config.toml, line 3: " in done.stderr


def test_a_voice_that_does_not_get_ready_is_replaced_by_that_of_the_session_and_that_is_told_once(
    place: Voicestream,
) -> None:
    place.environment["PYTHONPATH"] = language_voices.plug_in(place.home / "voices", is_broken=True)
    run = speak(place)
    assert is_english(run) == [False, False, False]
    told = [event["text"] for event in run.of("notice")]
    assert len(told) == 1, told
    assert "the voice of the session speaks en as well" in told[0]


def test_with_one_voice_for_a_language_one_worker_speaks_everything_in_it(place: Voicestream) -> None:
    place.environment["PYTHONPATH"] = language_voices.plug_in(place.home / "voices")
    (place.home / "voices" / "voicestream_language_voices-1.0.dist-info" / "entry_points.txt").write_text(
        "[voicestream.translators]\nhalf = helpers.voices.language_voices:HALF\n"
    )
    speak(place)
    plain = place.run()
    plain.write(line(TEXTS[0]))
    assert plain.finish() == 0
    assert voices(place).keys() == {"espeak", auto_voice.NAME}
    assert voices(place)["espeak"]["incarnation"] == 1


@pytest.mark.parametrize(
    ("own", "for_own", "for_language", "found"),
    [
        ("kokoro", ["kokoro", "espeak"], ["kokoro", "espeak"], ""),
        ("kokoro", ["kokoro", "espeak"], ["hibari", "kokoro", "espeak"], "hibari"),
        ("espeak", ["kokoro", "espeak"], ["kokoro", "espeak"], ""),  # kokoro was tried in vain
        ("espeak", ["kokoro", "espeak"], ["kokoro", "hibari", "espeak"], "hibari"),
        ("kokoro", ["kokoro", "espeak"], ["espeak"], "espeak"),
        ("", ["kokoro", "espeak"], ["hibari", "espeak"], "hibari"),
        ("", ["espeak"], ["espeak"], ""),
        ("own", ["espeak"], [], ""),
    ],
)
def test_another_engine_speaks_where_it_is_the_better_one(
    own: str, for_own: list[str], for_language: list[str], found: str
) -> None:
    assert better_engine(own, for_own, for_language) == found
