"""Events of Codex and Gemini CLI in the form of the hook socket, with the texts of their transcripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from voicestream.client.hook_events import MAX_TEXTS, converted

if TYPE_CHECKING:
    from pathlib import Path


def lines(*fields: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in fields)


def convert(agent: str, name: str, **fields: object) -> list[dict[str, Any]]:
    event = {"hook_event_name": name, "session_id": "s", "cwd": "/project", **fields}
    found = [json.loads(one) for one in converted(agent, json.dumps(event).encode())]
    assert all((one["session_id"], one["cwd"]) == ("s", "/project") for one in found)
    return found


def codex_message(number: int, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text}]
    payload = {"type": "message", "role": "assistant", "id": f"m{number}", "content": content}
    return {"type": "response_item", "payload": payload}


def codex_turn(turn: str) -> dict[str, Any]:
    return {"type": "turn_context", "payload": {"turn_id": turn}}


def gemini_prompt(identifier: str) -> dict[str, Any]:
    return {"id": identifier, "type": "user", "content": [{"text": "fix it"}]}


def gemini_message(identifier: str, text: str) -> dict[str, Any]:
    return {"id": identifier, "type": "gemini", "content": text}


GEMINI_RESULT = {"id": "r", "type": "user", "content": [{"functionResponse": {"name": "ls"}}]}


def pieces(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    shown = [one for one in found if one["hook_event_name"] == "MessageDisplay"]
    assert all(one["index"] == 0 and one["final"] for one in shown)
    return [(one["message_id"], one["delta"]) for one in shown]


def test_codex_texts_of_the_present_turn_come_before_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    old = [codex_turn("t1"), codex_message(1, "Old."), codex_turn("t2")]
    path.write_text(lines(*old, codex_message(2, "First."), {"type": "x"}, codex_message(3, "Last.")))
    found = convert("codex", "Stop", turn_id="t2", transcript_path=str(path), last_assistant_message="Last.")
    assert pieces(found) == [("m2", "First."), ("m3", "Last.")]
    assert {one["prompt_id"] for one in found} == {"t2"}
    assert (found[-1]["hook_event_name"], found[-1]["last_assistant_message"]) == ("Stop", "Last.")
    assert pieces(convert("codex", "PreToolUse", turn_id="t3", transcript_path=str(path))) == []


def test_a_sub_agent_of_codex_is_silent() -> None:
    assert convert("codex", "Stop", turn_id="t", agent_id="a", last_assistant_message="Inner.") == []


def test_other_events_of_codex_are_handed_over_as_they_are() -> None:
    event = b'{"hook_event_name": "UserPromptSubmit", "session_id": "s", "turn_id": "t"}'
    assert converted("codex", event) == [event]
    assert converted("claude", b"no JSON") == [b"no JSON"]


def test_gemini_texts_after_the_last_prompt_come_with_its_id(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    again: dict[str, Any] = {**gemini_message("a", "First."), "toolCalls": []}
    old = [gemini_prompt("p1"), gemini_message("x", "Old."), gemini_prompt("p2")]
    path.write_text(lines(*old, gemini_message("a", "First."), again, GEMINI_RESULT, gemini_message("b", "")) + '{"id')
    found = convert("gemini", "BeforeTool", transcript_path=str(path), timestamp="1")
    assert pieces(found) == [("a", "First.")]
    path.write_text(lines(*old, again, GEMINI_RESULT, gemini_message("c", "Last.")))
    found = convert("gemini", "AfterAgent", transcript_path=str(path), prompt_response="Fi rst. La st.")
    assert pieces(found) == [("a", "First."), ("c", "Last.")]
    assert {one["prompt_id"] for one in found} == {"p2"}
    assert (found[-1]["hook_event_name"], found[-1]["last_assistant_message"]) == ("Stop", None)


def test_a_prompt_far_up_in_the_transcript_is_found_and_the_texts_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    many = [gemini_message(str(number), f"Text {number}. " + "x" * 3000) for number in range(200)]
    path.write_text(lines(gemini_prompt("p"), *many))
    found = convert("gemini", "BeforeTool", transcript_path=str(path))
    assert [message for message, _ in pieces(found)] == [str(number) for number in range(200 - MAX_TEXTS, 200)]
    assert found[0]["prompt_id"] == "p"


def test_prompts_and_requests_of_gemini_have_the_names_of_the_hook_socket() -> None:
    (prompt,) = convert("gemini", "BeforeAgent", prompt="fix it", timestamp="2026-01-01T00:00:00Z")
    assert (prompt["hook_event_name"], prompt["prompt_id"]) == ("UserPromptSubmit", "2026-01-01T00:00:00Z")
    fields = {"notification_type": "ToolPermission", "details": {"type": "exec"}, "message": "m", "timestamp": "2"}
    (request,) = convert("gemini", "Notification", **fields)
    assert (request["hook_event_name"], request["tool_name"]) == ("PermissionRequest", "exec")
    (other,) = convert("gemini", "Notification", message="It waits.", timestamp="3")
    assert (other["hook_event_name"], other["message"]) == ("Notification", "It waits.")


def test_what_is_no_event_is_an_error() -> None:
    for data in (b"no JSON", b"[1]"):
        with pytest.raises(ValueError, match=r"."):
            converted("gemini", data)
    with pytest.raises(FileNotFoundError):
        convert("gemini", "AfterAgent", transcript_path="/nowhere/at/all")
