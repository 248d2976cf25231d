"""The screen of ``voicestream status``: it fits a terminal, is safe to show, and tells only what is wrong."""

from __future__ import annotations

from typing import Final

import pytest

from voicestream.cli import status_screen
from voicestream.cli.columns import UNLIMITED, cells
from voicestream.protocol.messages import (
    Counts,
    Latency,
    PlaybackSettings,
    Role,
    SessionFailure,
    SessionStatus,
    Status,
    SupervisorStatus,
    WorkerState,
    WorkerStatus,
)

WIDTH: Final = 80
HEIGHT: Final = 24


def worker(role: Role, state: WorkerState = "ready", engine: str = "espeak", detail: str = "") -> WorkerStatus:
    return WorkerStatus(
        role=role,
        pid=1,
        incarnation=1,
        state=state,
        engine=engine,
        device="cpu",
        uptime_seconds=1.0,
        restarts=0,
        in_flight=0,
        latency_ms=Latency(),
        memory_bytes=1,
        last_exit=None,
        detail=detail,
    )


def session(
    name: str = "s1", text: str = "", waiting: int = 0, *, detached: bool = False, project: str = ""
) -> SessionStatus:
    return SessionStatus(
        session=name,
        project=project,
        client_pid=4711,
        detached=detached,
        held=False,
        output="speakers",
        language="en",
        open_seconds=62.0,
        input_ended=detached,
        text=text,
        text_seconds=3.0,
        waiting_sentences=waiting,
        waiting_messages=min(waiting, 2),
        behind_seconds=31.0 if waiting else 0.0,
    )


NATURAL = PlaybackSettings()


def failure(reason: str = "", *, found: int = 30, played: int = 28, unread: int = 0) -> SessionFailure:
    counts = Counts(found=found, played=played, failed=found - played)
    return SessionFailure(session="s3", ended_seconds=130.0, counts=counts, reason=reason, unread_bytes=unread)


def status(
    *sessions: SessionStatus,
    tts: WorkerStatus | None = None,
    failures: tuple[SessionFailure, ...] = (),
    note: str = "",
    paused_by: str = "",
    playback: PlaybackSettings = NATURAL,
) -> Status:
    return Status(
        supervisor=SupervisorStatus(
            pid=1,
            version="0",
            uptime_seconds=1.0,
            sessions=len(sessions),
            keep_alive_seconds=300.0,
            run_directory="/run",
            free_slots=8,
            total_slots=8,
            frames_dropped=0,
            memory_bytes=1,
            paused=bool(paused_by),
            paused_by=paused_by,
            behind_seconds=0.0,
            waiting_sentences=0,
            speaking_session=None,
            playback=playback,
        ),
        workers=[worker("parser"), worker("translation", engine="none"), tts or worker("tts"), worker("player")],
        sessions=list(sessions),
        failures=list(failures),
        notes={"tts": note},
    )


def test_where_nothing_is_wrong_and_nothing_waits_four_lines_say_so() -> None:
    shown = status_screen.lines(status(), WIDTH, HEIGHT)
    assert shown == ["nothing to speak", "", "voice:      espeak on cpu", "translator: none"]


def test_what_is_played_and_what_waits_is_shown_for_each_session() -> None:
    shown = status_screen.lines(
        status(session("s1", waiting=12, detached=True), session("s2", "The tests pass.", 1, project="shop")),
        WIDTH,
        HEIGHT,
    )
    assert shown[:2] == ["speaking (session s2 shop, since 0:03):", "  The tests pass."]
    assert shown[5].split() == ["s1", "detached", "1:02", "12", "sentences,", "2", "messages", "0:31", "speakers"]
    assert shown[6].startswith("s2 shop  pid 4711  1:02  1 sentence, 1 message")


def test_a_pause_is_shown_with_the_command_that_ends_it() -> None:
    shown = status_screen.lines(status(session(waiting=3), paused_by="voicestream pause"), WIDTH, HEIGHT)
    assert shown[:2] == ["⏸ paused by voicestream pause; 3 sentences waiting", "Try: voicestream resume"]


@pytest.mark.parametrize("text", ["long " * 40, "漢字" * 100, "x" * 200, "\x1b[2J\x1b]0;title\x07\u202egnp\r\nb\a" * 9])
def test_it_fits_the_terminal_and_does_not_act_on_it_whatever_is_said(text: str) -> None:
    shown = status_screen.lines(
        status(
            *(session(f"s{number}", text, 10**6, detached=True) for number in range(40)),
            tts=worker("tts", "failed", detail=text),
            failures=(failure(text), failure(text), failure(text, unread=10**9)),
            note=text,
            paused_by="voicestream pause",
        ),
        WIDTH,
        HEIGHT,
    )
    assert len(shown) <= HEIGHT
    assert all(cells(line) <= WIDTH for line in shown), shown
    assert all(line.isprintable() for line in shown), shown
    assert shown[-1] == "… more: voicestream workers status"


def test_only_what_is_wrong_is_told_with_the_command_that_mends_it() -> None:
    shown = status_screen.lines(
        status(tts=worker("tts", "failed", detail="no weights"), failures=(failure("too long"),)), UNLIMITED, None
    )
    assert shown[-4:] == [
        "",
        "tts: failed: no weights",
        "Try: voicestream workers restart tts",
        "last session (s3, 2:10 ago): 2 of 30 sentences not spoken: too long",
    ]


def test_a_session_that_only_lacks_input_or_a_translation_is_told_of_as_well() -> None:
    untranslated = SessionFailure(
        session="s3", ended_seconds=0.0, counts=Counts(found=2, played=2, untranslated=1), reason="", unread_bytes=0
    )
    shown = status_screen.lines(status(failures=(failure(found=0, played=0, unread=7), untranslated)), UNLIMITED, None)
    assert shown[-2:] == [
        "last session (s3, 2:10 ago): 7 bytes of input not read",
        "last session (s3, 0:00 ago): 1 not translated",
    ]


def test_the_json_has_every_field_whatever_its_value() -> None:
    found = status_screen.as_json(status(session(), failures=(failure(),)))
    assert found["failures"] == [
        {
            "session": "s3",
            "ended_seconds": 130.0,
            "counts": {"found": 30, "played": 28, "skipped": 0, "failed": 2, "untranslated": 0},
            "reason": "",
            "unread_bytes": 0,
        }
    ]
    assert found["voice"] == {"engine": "espeak", "device": "cpu", "state": "ready", "note": ""}
    assert found["paused_by"] == ""
