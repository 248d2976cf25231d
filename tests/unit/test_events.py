"""The lines of ``--events``: an interface that programs read."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from helpers.any_message import structs
from voicestream.events import EVENTS_VERSION, EventWriter
from voicestream.messages import Counts, SessionClosed, SessionEvent, SessionOpened

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED = SessionOpened(session="s1", pid=4711, translator="none", tts="espeak")


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A pipe: what programs read from, and what we write to."""
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test has closed it


def lines(ends: tuple[int, int]) -> list[dict[str, Any]]:
    os.close(ends[1])
    with open(ends[0], "rb", closefd=False) as pipe:
        return [json.loads(line) for line in pipe]


def test_a_session_opens_with_the_version_of_the_interface(ends: tuple[int, int]) -> None:
    EventWriter(ends[1]).opened(OPENED, 12.5)
    assert lines(ends) == [
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


def test_fields_that_do_not_apply_are_absent_and_others_are_there_even_when_zero_or_empty(
    ends: tuple[int, int],
) -> None:
    writer = EventWriter(ends[1])
    writer.happened(SessionEvent(event="sentence_found", session="s1", time=1.0, sentence=0, text="", language="en"))
    writer.happened(SessionEvent(event="playback_finished", session="s1", time=2.0, sentence=0, frames=0))
    assert lines(ends) == [
        {"event": "sentence_found", "session": "s1", "time": 1.0, "sentence": 0, "text": "", "language": "en"},
        {"event": "playback_finished", "session": "s1", "time": 2.0, "sentence": 0, "frames": 0},
    ]


@pytest.mark.parametrize("reason", ["", "no audio device"])
def test_a_session_closes_with_counts_exit_code_and_a_reason_if_there_is_one(
    ends: tuple[int, int], reason: str
) -> None:
    counts = Counts(found=3, played=2, skipped=1)
    message = SessionClosed(session="s1", counts=counts, exit_code=0, reason=reason)
    EventWriter(ends[1]).closed(message, 1, 9.0)
    expected = {
        "event": "session_closed",
        "session": "s1",
        "time": 9.0,
        "counts": {"found": 3, "played": 2, "skipped": 1, "failed": 0, "untranslated": 0},
        "exit_code": 1,
    }
    assert lines(ends) == [expected | ({"reason": reason} if reason else {})]


@settings(max_examples=50, deadline=None)
@given(event=structs(SessionEvent))
def test_whatever_is_said_is_one_line_of_json(event: SessionEvent) -> None:
    read, write = os.pipe()
    EventWriter(write).happened(event)
    found = lines((read, write))
    os.close(read)
    assert len(found) == 1
    assert found[0]["event"] == event.event
    assert found[0].get("text") == event.text


def test_a_long_line_arrives_whole_at_a_slow_reader(ends: tuple[int, int]) -> None:
    text = "x" * 1_000_000
    found: list[list[dict[str, Any]]] = []

    def read() -> None:
        with open(ends[0], "rb", closefd=False) as pipe:
            found.append([json.loads(line) for line in pipe])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    os.set_blocking(ends[1], False)  # as whoever shares the pipe with us may have made it
    writer = EventWriter(ends[1])
    writer.happened(SessionEvent(event="translated", session="s1", time=1.0, text=text))
    os.close(ends[1])
    reader.join()
    assert writer.failure == ""
    assert [line["text"] for line in found[0]] == [text]


def test_a_reader_that_is_gone_is_noted_once_and_nothing_more_is_tried(ends: tuple[int, int]) -> None:
    os.close(ends[0])
    writer = EventWriter(ends[1])
    writer.opened(OPENED, 1.0)
    assert writer.failure == "Broken pipe"
    os.close(ends[1])
    writer.opened(OPENED, 2.0)
    assert writer.failure == "Broken pipe"


@pytest.mark.platform
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_noted() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    writer = EventWriter(descriptor)
    writer.opened(OPENED, 1.0)
    os.close(descriptor)
    assert writer.failure == "No space left on device"
