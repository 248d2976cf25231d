"""Which of an agent's messages are repetitions of a session that an editor loads."""

from __future__ import annotations

import json

from voicestream.client.sources.acp_history import HistoryFilter


def asked(method: str, number: int | str, session: str = "one") -> bytes:
    return json.dumps(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": {"sessionId": session, "cwd": "/"}}
    ).encode()


def update(session: str = "one") -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session}}).encode()


def test_messages_before_the_answer_to_a_load_are_old_and_those_after_it_new() -> None:
    history = HistoryFilter()
    assert history.is_new(update())
    history.request(asked("session/load", 7).replace(b"session/load", rb"session\/load"))
    assert not history.is_new(update())
    assert history.is_new(update("another"))
    assert history.is_new(b'{"jsonrpc":"2.0","id":"7","result":null}')
    assert not history.is_new(update())
    assert history.is_new(b'{"jsonrpc":"2.0","id":7,"result":{"modes":[]}}')
    assert history.is_new(update())


def test_a_refused_load_and_a_prompt_end_it_too() -> None:
    history = HistoryFilter()
    history.request(asked("session/load", "a"))
    history.is_new(b'{"jsonrpc":"2.0","id":"a","error":{"code":-32602,"message":"no such session"}}')
    assert history.is_new(update())
    history.request(asked("session/load", "b"))
    history.request(asked("session/prompt", "c", "another"))
    assert not history.is_new(update())
    history.request(asked("session/prompt", "d"))
    assert history.is_new(update())


def test_broken_lines_change_nothing() -> None:
    history = HistoryFilter()
    for line in (b'{"session/load', b"session/load", b'{"id":[],"method":"session/load"}', b"\xffsession/load"):
        history.request(line)
        assert history.is_new(update())
    history.request(asked("session/load", 1))
    assert history.is_new(b"\xff{")
    assert not history.is_new(update())
