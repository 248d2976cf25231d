"""Subtitles: cues in step with what was played, in both formats."""

from __future__ import annotations

import pytest

from voicestream.client.subtitles import SUBRIP, WEBVTT, Subtitles
from voicestream.protocol.messages import EventName, SessionEvent


def event(kind: EventName, sentence: int, time: float = 0.0, **fields: object) -> SessionEvent:
    return SessionEvent(event=kind, session="s", sentence=sentence, time=time, **fields)  # type: ignore[arg-type]


def written(suffix: str, events: list[SessionEvent], *, is_file: bool = True) -> str:
    parts: list[bytes] = []
    subtitles = Subtitles(parts.append, suffix, is_file=is_file)
    for each in events:
        subtitles.happened(each)
    return b"".join(parts).decode()


def played(sentence: int, text: str, position: int, frames: int, *, at: float = 0.0) -> list[SessionEvent]:
    return [
        event(EventName.SENTENCE_FOUND, sentence, text=text, language="en"),
        event(EventName.PLAYBACK_STARTED, sentence, at, position=position),
        event(EventName.PLAYBACK_FINISHED, sentence, at + frames / 24_000, frames=frames),
    ]


def test_times_of_a_file_are_positions_in_it() -> None:
    found = written(SUBRIP, played(0, "One.", 0, 36_000, at=7.0) + played(1, "Two.", 86_412_000, 1_200, at=7.1))
    assert found == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne.\n\n"
        "2\n01:00:00,500 --> 01:00:00,550\nTwo.\n\n"
    )  # fmt: skip


def test_times_at_a_device_count_from_the_first_sentence_with_pauses() -> None:
    events = played(0, "One.", 0, 24_000, at=100.0) + played(1, "Two.", 24_000, 24_000, at=103.25)
    assert written(WEBVTT, events, is_file=False) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.000\nOne.\n\n"
        "00:00:03.250 --> 00:00:04.250\nTwo.\n\n"
    )  # fmt: skip


def test_a_translated_sentence_has_the_words_that_are_heard_and_those_of_the_agent() -> None:
    events = played(0, "Good morning.", 0, 24_000)
    events.insert(1, event(EventName.TRANSLATED, 0, text="Bom dia.", language="pt"))
    assert written(SUBRIP, events).splitlines()[2:4] == ["Bom dia.", "Good morning."]


def test_a_sentence_that_was_not_translated_is_written_once() -> None:
    events = played(0, "OK.", 0, 24_000)
    events.insert(1, event(EventName.FAILED, 0, stage="translation", reason="no"))
    assert written(SUBRIP, events).count("OK.") == 1


@pytest.mark.parametrize("end", [EventName.SKIPPED, EventName.FAILED, EventName.WITHDRAWN])
def test_what_was_not_played_is_not_written(end: EventName) -> None:
    events = [event(EventName.SENTENCE_FOUND, 0, text="No."), event(end, 0, stage="tts", reason="x")]
    assert written(SUBRIP, [*events, *played(1, "Yes.", 0, 24_000)]).splitlines()[2] == "Yes."


@pytest.mark.parametrize(
    ("suffix", "text", "shown"),
    [
        (WEBVTT, "a < b & c --> d", "a &lt; b &amp; c --&gt; d"),
        (SUBRIP, "a --> b", "a → b"),
        (SUBRIP, "two\nlines", "two lines"),
        (WEBVTT, "\x1b[31mred\x1b[0m", "red"),
    ],
)
def test_a_text_cannot_become_a_cue_or_markup(suffix: str, text: str, shown: str) -> None:
    assert written(suffix, played(0, text, 0, 24_000)).rstrip("\n").splitlines()[-1] == shown
