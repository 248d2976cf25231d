"""Events of Codex and Gemini CLI in the form of the hook socket.

The hooks of these agents do not have the text that is written before a tool runs, and the text in those of Gemini CLI
has spaces inside words. So texts are read from the transcript that the event names, where each has an id: a text that
is handed over by several hooks is spoken once.

Imported by hook processes, which an agent waits for: imports little.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Fields = dict[str, Any]

MAX_TEXTS = 8
"""Texts that one hook hands over. There is a hook between any two of them; the supervisor remembers 64."""

TAIL_BYTES = (1 << 18, 1 << 22, 1 << 26)
"""Sizes of the end of a transcript that are read, until the prompt is found there."""

_BEFORE_TEXTS = {"AfterAgent": "Stop", "BeforeTool": "", "PreToolUse": "", "Stop": "Stop"}
"""Events with which texts are handed over, and the event behind them."""


def converted(agent: str, event: bytes) -> list[bytes]:
    """Return an agent's event as events of the hook socket.

    Args:
        agent: name of the agent.
        event: JSON, as the agent has written it.

    Raises:
        ValueError: the event is no JSON object.
        OSError: the transcript cannot be read.
    """
    if agent not in ("codex", "gemini"):
        return [event]
    fields: Fields = json.loads(event)
    if type(fields) is not dict:
        raise ValueError("the event is no JSON object")
    name = fields.get("hook_event_name")
    if fields.get("agent_id"):
        return []  # of a sub-agent
    if name in _BEFORE_TEXTS:
        texts, turn = _texts(agent, fields)
        pieces = [_piece(fields, turn, message, text) for message, text in texts]
        return [_encoded(one) for one in [*pieces, *_end(fields, turn, _BEFORE_TEXTS[name])]]
    return [_encoded(_of_gemini(fields))] if agent == "gemini" else [event]


def codex_texts(lines: Iterable[Fields], turn: str) -> list[tuple[str, str]]:
    """Return id and text of the messages of a turn in a transcript of Codex."""
    found: list[tuple[str, str]] = []
    is_turn = True
    for line in lines:
        payload: Fields = line.get("payload") or {}
        if line.get("type") == "turn_context":
            is_turn = payload.get("turn_id") == turn
            found.clear()
        elif is_turn and payload.get("type") == "message" and payload.get("role") == "assistant":
            parts: list[Fields] = payload.get("content", [])
            text = "".join(part.get("text", "") for part in parts)
            found.append((payload.get("id") or line.get("timestamp", ""), text))
    return found


def gemini_texts(lines: Iterable[Fields]) -> tuple[list[tuple[str, str]], str]:
    """Return id and text of the messages after the last prompt in a transcript of Gemini CLI, and the prompt's id."""
    found: dict[str, str] = {}
    turn = ""
    for line in lines:
        content: list[Fields] | str | None = line.get("content")
        if line.get("type") == "user" and not _is_tool_result(content):
            turn = line.get("id", "")
            found.clear()
        elif line.get("type") == "gemini" and isinstance(content, str):
            found[line.get("id", "")] = content  # written again with the tool's result
    return list(found.items()), turn


def _is_tool_result(content: list[Fields] | str | None) -> bool:
    return isinstance(content, list) and any("functionResponse" in part for part in content)


def _texts(agent: str, fields: Fields) -> tuple[list[tuple[str, str]], str]:
    """Return the last texts of the present turn with their ids, and the id of the turn."""
    path = fields.get("transcript_path")
    turn = ""
    texts: list[tuple[str, str]] = []
    if agent == "codex":
        turn = fields.get("turn_id") or ""
        with suppress(OSError):  # "Stop" has the last text
            texts = codex_texts(_tail(path, TAIL_BYTES[0]), turn) if path else []
    elif path:
        for size in TAIL_BYTES:
            texts, turn = gemini_texts(_tail(path, size))
            if turn:
                break
    return [(message, text) for message, text in texts if text.strip()][-MAX_TEXTS:], turn


def _tail(path: str, size: int) -> Iterable[Fields]:
    """Yield the JSON objects at the end of a file, one a line."""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - size))
        lines = file.read(size).split(b"\n")
    for line in lines:
        try:
            fields: Fields = json.loads(line)
        except ValueError:
            continue  # cut at the beginning, or being written
        if type(fields) is dict:
            yield fields


def _piece(fields: Fields, turn: str, message: str, text: str) -> Fields:
    shown = {"message_id": message, "index": 0, "final": True, "delta": text}
    return {"hook_event_name": "MessageDisplay", **_common(fields, turn), **shown}


def _end(fields: Fields, turn: str, name: str) -> list[Fields]:
    """Return the end of the turn, if this event is one."""
    whole = fields.get("last_assistant_message")
    return [{"hook_event_name": name, **_common(fields, turn), "last_assistant_message": whole}] if name else []


def _of_gemini(fields: Fields) -> Fields:
    """Return an event of Gemini CLI by the names of the hook socket; its time tells prompts apart."""
    name = fields.get("hook_event_name")
    details: Fields | None = fields.get("details")
    common = _common(fields, fields.get("timestamp"))
    if name == "BeforeAgent":
        return {"hook_event_name": "UserPromptSubmit", **common}
    if name == "Notification" and fields.get("notification_type") == "ToolPermission" and details:
        return {"hook_event_name": "PermissionRequest", "tool_name": details.get("type", ""), **common}
    return {"hook_event_name": name, "message": fields.get("message", ""), **common}


def _common(fields: Fields, turn: str | None) -> Fields:
    return {"session_id": fields.get("session_id"), "cwd": fields.get("cwd"), "prompt_id": turn}


def _encoded(fields: Fields) -> bytes:
    return json.dumps(fields).encode()
