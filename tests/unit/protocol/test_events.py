"""The lines of ``--events``: an interface that programs read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from helpers.supervisor.any_message import structs
from voicestream.protocol.events import EVENTS_VERSION, EventWriter
from voicestream.protocol.messages import Counts, SessionClosed, SessionEvent, SessionOpened
from voicestream.terminal_text import strip_terminal_codes

OPENED = SessionOpened(session="s1", pid=4711, translator="none", tts="espeak")


class Written(list[bytes]):
    """What was handed on to be written."""

    def decoded(self) -> list[dict[str, Any]]:
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in self)
        return [json.loads(line) for line in self]


def test_a_session_opens_with_the_version_of_the_interface() -> None:
    written = Written()
    EventWriter(written.append).opened(OPENED, 12.5)
    assert written.decoded() == [
        {
            "event": "session_opened",
            "version": EVENTS_VERSION,
            "session": "s1",
            "time": 12.5,
            "translator": "none",
            "tts": "espeak",
            "supervisor_pid": 4711,
        }
    ]


def test_fields_that_do_not_apply_are_absent_and_others_are_there_even_when_zero_or_empty() -> None:
    written = Written()
    writer = EventWriter(written.append)
    writer.happened(SessionEvent(event="sentence_found", session="s1", time=1.0, sentence=0, text="", language="en"))
    writer.happened(SessionEvent(event="playback_finished", session="s1", time=2.0, sentence=0, frames=0))
    assert written.decoded() == [
        {"event": "sentence_found", "session": "s1", "time": 1.0, "sentence": 0, "text": "", "language": "en"},
        {"event": "playback_finished", "session": "s1", "time": 2.0, "sentence": 0, "frames": 0},
    ]


@pytest.mark.parametrize("reason", ["", "no audio device"])
def test_a_session_closes_with_counts_exit_code_and_a_reason_if_there_is_one(reason: str) -> None:
    written = Written()
    counts = Counts(found=3, played=2, skipped=1)
    message = SessionClosed(session="s1", counts=counts, exit_code=0, reason=reason)
    EventWriter(written.append).closed(message, 1, 9.0)
    expected = {
        "event": "session_closed",
        "session": "s1",
        "time": 9.0,
        "counts": {"found": 3, "played": 2, "skipped": 1, "failed": 0, "untranslated": 0},
        "exit_code": 1,
    }
    assert written.decoded() == [expected | ({"reason": reason} if reason else {})]


@settings(max_examples=50)
@given(event=structs(SessionEvent))
def test_whatever_is_said_is_one_line_of_json(event: SessionEvent) -> None:
    written = Written()
    EventWriter(written.append).happened(event)
    found = written.decoded()
    assert len(found) == 1
    assert found[0]["event"] == event.event
    assert found[0].get("text") == (None if event.text is None else strip_terminal_codes(event.text))
