"""Who may open a session, and with what."""

from __future__ import annotations

import msgspec
import pytest

from voicestream.protocol.messages import OutputOptions, ParserOptions, SessionOptions
from voicestream.supervisor.sessions.admission import MAX_OPTIONS_BYTES, MAX_SESSIONS, no_room, refusal

GOOD = SessionOptions(parser=ParserOptions(), output=OutputOptions())


def with_path(path: str) -> SessionOptions:
    return msgspec.structs.replace(GOOD, output=OutputOptions(kind="wav", path=path))


@pytest.mark.parametrize(
    "options",
    [
        GOOD,
        with_path("/tmp/a.wav"),  # noqa: S108
        msgspec.structs.replace(GOOD, target="pt-BR"),
        msgspec.structs.replace(GOOD, compute="cuda", gpus={"tts": 1}),
    ],
)
def test_what_the_command_line_asks_for_is_admitted(options: SessionOptions) -> None:
    assert refusal(options) == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (msgspec.structs.replace(GOOD, target="klingon"), "klingon"),
        (msgspec.structs.replace(GOOD, target=""), "not a language"),
        (msgspec.structs.replace(GOOD, parser=ParserOptions(language="\0")), "not a language"),
        (msgspec.structs.replace(GOOD, compute="cpu", gpus={"tts": 1}), "contradict each other"),
        (with_path(""), "absolute path"),
        (with_path("here.wav"), "absolute path"),
        (with_path("/tmp/a\0.wav"), "absolute path"),  # noqa: S108
        (msgspec.structs.replace(GOOD, voice="x" * MAX_OPTIONS_BYTES), "bytes"),
        (msgspec.structs.replace(GOOD, target="x" * MAX_OPTIONS_BYTES), "bytes"),
    ],
)
def test_what_would_end_a_worker_is_refused_with_the_reason(options: SessionOptions, words: str) -> None:
    text = refusal(options)
    assert words in text
    assert len(text) < 1_000


def test_there_is_a_limit_to_open_sessions() -> None:
    assert no_room(MAX_SESSIONS - 1, MAX_SESSIONS - 1) == ""
    assert no_room(MAX_SESSIONS, 0) == "64 sessions are open, and more are not served.\nTry: voicestream down"


def test_who_finds_no_room_behind_detached_sessions_is_told_how_to_make_some() -> None:
    text = no_room(MAX_SESSIONS, 3)
    assert "3 of them handed over (--detach) and not spoken yet" in text
    assert "\nTry: voicestream hush" in text


@pytest.mark.parametrize("feed", ["claude:1", "claude:00000000-0000-4000-8000-000000000001"])
def test_a_session_may_be_fed_by_an_agent(feed: str) -> None:
    assert refusal(GOOD, feed) == ""


@pytest.mark.parametrize("feed", ["claude", "claude:", "Claude:1", "claude:a b", "claude:\n", f"claude:{'1' * 129}"])
def test_a_key_that_no_agent_has_is_refused(feed: str) -> None:
    assert "not valid" in refusal(GOOD, feed)
