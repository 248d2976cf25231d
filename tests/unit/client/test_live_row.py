"""Live row: what it says, and that it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.client.display.live_row import LiveRow, fitted, width
from voicestream.protocol.messages import (
    EventName,
    SessionEvent,
    SessionOpened,
    SessionStatus,
    Status,
    SupervisorStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def status(speaking: str | None, project: str = "") -> Status:
    session = SessionStatus(
        session="s2",
        client_pid=None,
        detached=False,
        held=False,
        output="speakers",
        language="en",
        project=project,
        open_seconds=1,
        input_ended=False,
        text="",
        text_seconds=0,
        waiting_sentences=0,
        waiting_messages=0,
        behind_seconds=0,
    )
    fields = dict.fromkeys(SupervisorStatus.__struct_fields__, 0) | {"speaking_session": speaking}
    return Status(supervisor=SupervisorStatus(**fields), workers=[], sessions=[session])  # type: ignore[arg-type]


@pytest.fixture
def row() -> LiveRow:
    one = LiveRow()
    one.opened(SessionOpened(session="s1", pid=1, translator="none", tts="espeak"))
    return one


@pytest.fixture
def happen(row: LiveRow) -> Callable[..., None]:
    def happened(name: EventName, sentence: int | None, time: float, words: str = "", stage: str | None = None) -> None:
        row.happened(SessionEvent(event=name, session="s1", time=time, sentence=sentence, stage=stage), words)

    return happened


def test_it_shows_the_sentence_now_heard_what_waits_and_the_lag(row: LiveRow, happen: Callable[..., None]) -> None:
    assert row.text(0, 80) == ""
    for sentence in range(3):
        happen(EventName.SENTENCE_FOUND, sentence, 10.0 + sentence)
    assert row.text(12.0, 80) == "… · 3 waiting · 2 s behind"
    happen(EventName.PLAYBACK_STARTED, 0, 12.5, "The first sentence.")
    assert row.text(12.5, 80) == "▶ The first sentence. · 2 waiting"
    assert row.text(31.2, 80) == "▶ The first sentence. · 2 waiting · 20 s behind"
    happen(EventName.FAILED, 1, 32.0, stage="translation")
    assert "2 waiting" in row.text(32.0, 80)
    happen(EventName.PAUSED, None, 32.0)
    assert row.text(32.0, 80) == "⏸ paused · 2 waiting · 21 s behind"
    happen(EventName.RESUMED, None, 33.0)
    happen(EventName.SKIPPED, 0, 33.0)
    happen(EventName.FAILED, 1, 33.0, stage="tts")
    happen(EventName.PLAYBACK_STARTED, 2, 33.0, "The last.")
    assert row.text(40.0, 80) == "▶ The last."
    happen(EventName.PLAYBACK_FINISHED, 2, 41.0)
    assert row.text(41.0, 80) == ""


def test_it_asks_whose_turn_it_is_while_another_session_is_spoken(row: LiveRow, happen: Callable[..., None]) -> None:
    assert not row.wants_status(100.0)
    happen(EventName.SENTENCE_FOUND, 0, 100.0)
    assert row.wants_status(100.0)
    assert not row.wants_status(100.9)
    assert row.wants_status(101.0)
    row.status(status("s2", "shop\x1b[2J"))
    assert row.text(101.0, 80) == "… turn of shop · 1 waiting"
    row.status(status("s1"))
    assert row.text(101.0, 80) == "… · 1 waiting"
    row.status(status("s2"))
    assert row.text(101.0, 80) == "… turn of s2 · 1 waiting"
    happen(EventName.PLAYBACK_STARTED, 0, 102.0, "Hello.")
    assert row.text(102.0, 80) == "▶ Hello."
    assert not row.wants_status(110.0)


@pytest.mark.parametrize(
    "words", ["a long sentence " * 9, "長い文が続きます。" * 20, "👩‍👩‍👧 é́ " * 30], ids=["en", "ja", "emoji"]
)
def test_it_fits_into_any_terminal(row: LiveRow, happen: Callable[..., None], words: str) -> None:
    for sentence in range(1000):
        happen(EventName.SENTENCE_FOUND, sentence, 0.0)
    happen(EventName.PLAYBACK_STARTED, 0, 0.0, words)
    for cells in range(130):
        text = row.text(98_765.0, cells)
        assert width(text) <= cells
        assert bool(text) == (cells >= 16)
        assert width(fitted(words, cells)) <= cells
