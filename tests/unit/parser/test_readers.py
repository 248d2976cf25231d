"""Each agent's stream: what is said, once; what is silent; what is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.project.parsing import assistant, cut, delta, errors, event, lines, notices, parse, partial, spoken
from voicestream.config.formats import DETECTED, FORMATS
from voicestream.workers.parser.readers.agents.chat_files import ChatFileReader
from voicestream.workers.parser.readers.agents.claude import ClaudeReader
from voicestream.workers.parser.readers.detection import READERS, detect
from voicestream.workers.parser.results import Notice

TOOL_CALL: dict[str, Any] = {
    "type": "assistant",
    "message": {
        "id": "m",
        "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls. Now."}}],
    },
    "parent_tool_use_id": None,
}
RESULT: dict[str, Any] = {"type": "result", "subtype": "success", "is_error": False, "session_id": "s"}

STREAMS: dict[str, tuple[bytes, list[str]]] = {
    "claude whole, result repeats": (lines(assistant("Hi there."), {**RESULT, "result": "Hi there."}), ["Hi there."]),
    "claude the same words in two messages": (
        lines(
            assistant("Yes.", "a"), {**RESULT, "result": "Yes."}, assistant("Yes.", "b"), {**RESULT, "result": "Yes."}
        ),
        ["Yes.", "Yes."],
    ),
    "claude json: one result object": (lines({**RESULT, "result": "All is well."}), ["All is well."]),
    "claude the same block written twice": (lines(assistant("Once."), assistant("Once.")), ["Once."]),
    "claude two blocks under one id": (lines(assistant("One."), TOOL_CALL, assistant("Two.")), ["One.", "Two."]),
    "claude sub-agents": (
        lines(assistant("Inner.", "x", parent_tool_use_id="toolu_1"), assistant("Outer.")),
        ["Outer."],
    ),
    "claude transcript": (
        lines(
            {"type": "summary", "summary": "A title.", "leafUuid": "u"},
            {
                "parentUuid": None,
                "isSidechain": False,
                "type": "user",
                "message": {"role": "user", "content": "Do it."},
            },
            {**assistant("Side.", "s1"), "isSidechain": True},
            {**assistant("Main.", "s2"), "isSidechain": False, "sessionId": "s", "version": "2"},
            {"isMeta": True, "type": "user", "message": {"role": "user", "content": "Stop hook feedback"}},
        ),
        ["Main."],
    ),
    "claude thinking": (
        lines(
            {
                "type": "assistant",
                "message": {
                    "id": "m",
                    "content": [{"type": "thinking", "thinking": "Hm. Well."}, {"type": "text", "text": "Ok."}],
                },
            }
        ),
        ["Ok."],
    ),
    "claude partial": (partial(["One. ", "Tw", "o."]) + lines({**RESULT, "result": "One. Two."}), ["One.", "Two."]),
    "claude partial, then a longer copy": (
        lines(
            event(type="message_start", message={"id": "m"}),
            event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
            delta("One. Tw"),
            assistant("One. Two. Three."),
            event(type="content_block_stop", index=0),
        ),
        ["One.", "Two.", "Three."],
    ),
    "claude partial, copy after the stop": (
        lines(
            event(type="message_start", message={"id": "m"}),
            event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
            delta("One. Two."),
            event(type="content_block_stop", index=0),
            event(type="message_stop"),
            assistant("One. Two."),
        ),
        ["One.", "Two."],
    ),
    "claude partial with thinking and tools around": (
        lines(
            event(type="message_start", message={"id": "m"}),
            event(type="content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
            event(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm. "}),
            {"type": "user", "message": {"role": "user", "content": "Prompt."}, "isReplay": True},
            event(type="content_block_stop", index=0),
            event(type="content_block_start", index=1, content_block={"type": "text", "text": ""}),
            delta("Let me see:", 1),
            assistant("Let me see:"),
            event(type="content_block_stop", index=1),
            event(type="content_block_start", index=2, content_block={"type": "tool_use", "id": "t", "name": "Read"}),
            event(
                type="content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"a": "b. c"}'}
            ),
            TOOL_CALL,
            event(type="content_block_stop", index=2),
            {
                "type": "user",
                "message": {"role": "user", "content": [{"type": "tool_result", "content": "No. Never."}]},
            },
            event(type="message_delta", delta={"stop_reason": "tool_use"}),
            event(type="message_stop"),
        ),
        ["Let me see."],
    ),
    "claude suggestions and other kinds": (
        lines(
            {"type": "system", "subtype": "init", "session_id": "s"},
            {"type": "prompt_suggestion", "suggestion": "Run it.", "session_id": "s"},
            {"type": "some_new_kind", "text": "Never."},
            {"type": "system", "subtype": "permission_denied", "message": "No.", "session_id": "s"},
            assistant("Only this."),
        ),
        ["Only this."],
    ),
    "qwen": (
        lines({"type": "system", "subtype": "session_start", "session_id": "s"}, assistant("Qwen here.")),
        ["Qwen here."],
    ),
    "codex": (
        lines(
            {"type": "thread.started", "thread_id": "1"},
            {"type": "turn.started"},
            {"type": "item.completed", "item": {"id": "item_0", "type": "reasoning", "text": "Hm."}},
            {"type": "item.completed", "item": {"id": "item_1", "type": "agent_message", "text": "I’ll look."}},
            {
                "type": "item.started",
                "item": {"id": "item_2", "type": "command_execution", "command": "ls", "exit_code": None},
            },
            {
                "type": "item.completed",
                "item": {"id": "item_2", "type": "command_execution", "aggregated_output": "x. Y."},
            },
            {
                "type": "item.updated",
                "item": {"id": "item_3", "type": "todo_list", "items": [{"text": "A", "completed": True}]},
            },
            {"type": "item.completed", "item": {"id": "item_4", "type": "agent_message", "text": "Done."}},
            {"type": "turn.completed", "usage": {"input_tokens": 1}},
        ),
        ["I'll look.", "Done."],
    ),
    "codex with updates": (
        lines(
            {"type": "item.started", "item": {"id": "i", "type": "agent_message", "text": ""}},
            {"type": "item.updated", "item": {"id": "i", "type": "agent_message", "text": "One. Tw"}},
            {"type": "item.updated", "item": {"id": "i", "type": "agent_message", "text": "One. Two"}},
            {"type": "item.completed", "item": {"id": "i", "type": "agent_message", "text": "One. Two."}},
        ),
        ["One.", "Two."],
    ),
    "codex rollout": (
        lines(
            {"timestamp": "t", "type": "session_meta", "payload": {"id": "x"}},
            {"timestamp": "t", "type": "event_msg", "payload": {"type": "agent_message", "message": "Hello."}},
            {
                "timestamp": "t",
                "type": "response_item",
                "payload": {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Hello."}],
                },
            },
            {
                "timestamp": "t",
                "type": "response_item",
                "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "No."}]},
            },
        ),
        ["Hello."],
    ),
    "gemini": (
        lines(
            {"type": "init", "timestamp": "t", "session_id": "s", "model": "m"},
            {"type": "message", "timestamp": "t", "role": "user", "content": "Hi."},
            {"type": "message", "timestamp": "t", "role": "assistant", "content": "LI", "delta": True},
            {"type": "message", "timestamp": "t", "role": "assistant", "content": "VE", "delta": True},
            {"type": "result", "timestamp": "t", "status": "success", "stats": {}},
        ),
        ["LIVE."],
    ),
    "opencode": (
        lines(
            {"type": "step_start", "timestamp": 1, "sessionID": "s", "part": {"type": "step-start"}},
            {
                "type": "text",
                "timestamp": 2,
                "sessionID": "s",
                "part": {"id": "p", "type": "text", "text": "Hello there."},
            },
            {
                "type": "tool_use",
                "timestamp": 3,
                "sessionID": "s",
                "part": {"type": "tool", "state": {"output": "No."}},
            },
            {"type": "reasoning", "timestamp": 3, "sessionID": "s", "part": {"type": "reasoning", "text": "Hm."}},
            {
                "type": "step_finish",
                "timestamp": 4,
                "sessionID": "s",
                "part": {"type": "step-finish", "reason": "stop"},
            },
        ),
        ["Hello there."],
    ),
    "cursor whole": (
        lines(
            {"type": "system", "subtype": "init", "session_id": "s"},
            {
                "type": "user",
                "message": {"role": "user", "content": [{"type": "text", "text": "Do."}]},
                "session_id": "s",
            },
            {"type": "thinking", "subtype": "delta", "text": "Hm.", "session_id": "s", "timestamp_ms": 1},
            {
                "type": "assistant",
                "message": {"role": "assistant", "content": [{"type": "text", "text": "I look."}]},
                "session_id": "s",
                "model_call_id": "x",
                "timestamp_ms": 2,
            },
            {
                "type": "tool_call",
                "subtype": "started",
                "call_id": "c",
                "tool_call": {},
                "session_id": "s",
                "timestamp_ms": 3,
            },
            {
                "type": "assistant",
                "message": {"role": "assistant", "content": [{"type": "text", "text": "Done."}]},
                "session_id": "s",
            },
            {"type": "result", "subtype": "success", "is_error": False, "result": "I look.Done.", "session_id": "s"},
        ),
        ["I look.", "Done."],
    ),
    "kimi": (
        lines(
            {"role": "assistant", "content": "First.", "tool_calls": [{"id": "1"}]},
            {"role": "tool", "tool_call_id": "1", "content": "Silent."},
            {"role": "assistant", "content": [{"type": "think", "think": "Hm."}, {"type": "text", "text": "Second."}]},
        ),
        ["First.", "Second."],
    ),
    "pi": (
        lines(
            {"type": "agent_start"},
            {"type": "message_start", "message": {"role": "assistant", "content": []}},
            {
                "type": "message_update",
                "message": {},
                "assistantMessageEvent": {"type": "text_delta", "delta": "Hello "},
            },
            {"type": "message_update", "message": {}, "assistantMessageEvent": {"type": "text_delta", "delta": "you."}},
            {
                "type": "message_end",
                "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello you."}]},
            },
            {"type": "agent_end", "messages": []},
        ),
        ["Hello you."],
    ),
    "anthropic sse": (
        (
            b"event: message_start\n"
            b'data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[]}}\n\n'
            b"event: content_block_start\n"
            b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
            b'event: ping\ndata: {"type": "ping"}\n\n'
            b'data: {"type":"content_block_delta","index":0,'
            b'"delta":{"type":"text_delta","text":"Found:\\n- "}      }\n\n'
            b'data: {"type":"content_block_stop","index":0}\n\n'
            b'data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}\n\n'
            b'data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"an item"}}\n\n'
            b'data: {"type":"content_block_stop","index":1}\n\n'
            b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}\n\n'
            b'data: {"type":"message_stop"}'
        ),
        ["Found.", "an item."],
    ),
    "anthropic whole": (
        lines({"type": "message", "role": "assistant", "id": "m", "content": [{"type": "text", "text": "Whole."}]}),
        ["Whole."],
    ),
    "openai chat sse": (
        (
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[{"index":0,"delta":{"reasoning":"Hm."}}]}\n\n'
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[{"index":0,"delta":{"content":"He"}}]}\n\n'
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[{"index":0,"delta":{"content":"llo."}}]}\n\n'
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop"}]}\n\n'
            b'data: {"object":"chat.completion.chunk",'
            b'"choices":[],"usage":{}}\n\ndata: [DONE]\n\n'
        ),
        ["Hello."],
    ),
    "openai chat whole": (
        lines(
            {"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}}]}
        ),
        ["Hi."],
    ),
    "openai responses, five times": (
        lines(
            {"type": "response.created", "response": {"id": "r"}},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"id": "i", "type": "message", "content": []},
            },
            {"type": "response.output_text.delta", "item_id": "i", "content_index": 0, "delta": "Hello "},
            {"type": "response.output_text.delta", "item_id": "i", "content_index": 0, "delta": "you."},
            {"type": "response.output_text.done", "item_id": "i", "content_index": 0, "text": "Hello you."},
            {
                "type": "response.content_part.done",
                "item_id": "i",
                "part": {"type": "output_text", "text": "Hello you."},
            },
            {
                "type": "response.output_item.done",
                "item": {"id": "i", "type": "message", "content": [{"type": "output_text", "text": "Hello you."}]},
            },
            {
                "type": "response.completed",
                "response": {
                    "output": [
                        {"id": "i", "type": "message", "content": [{"type": "output_text", "text": "Hello you."}]}
                    ]
                },
            },
        ),
        ["Hello you."],
    ),
    "openai responses with reasoning and a refusal": (
        lines(
            {"type": "response.reasoning_summary_text.delta", "item_id": "r", "delta": "Hm."},
            {"type": "response.function_call_arguments.delta", "item_id": "f", "delta": '{"a":1}'},
            {"type": "response.refusal.delta", "item_id": "i", "content_index": 0, "delta": "I will not."},
            {"type": "response.refusal.done", "item_id": "i", "content_index": 0, "refusal": "I will not."},
        ),
        ["I will not."],
    ),
    "gemini api": (
        lines(
            {"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": True}], "role": "model"}}]},
            {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "lo."}]}, "finishReason": "STOP"}]},
        ),
        ["Hello."],
    ),
    "hook payloads of a whole turn": (
        lines(
            {"hook_event_name": "MessageDisplay", "message_id": "1", "index": 0, "final": False, "delta": "One.\n"},
            {"hook_event_name": "MessageDisplay", "message_id": "1", "index": 1, "final": True, "delta": "Two."},
            {"hook_event_name": "SubagentStop", "agent_id": "a", "last_assistant_message": "Inner."},
            {"hook_event_name": "PostToolUse", "tool_response": "No."},
            {"hook_event_name": "Stop", "last_assistant_message": "One.\nTwo."},
        ),
        ["One.", "Two."],
    ),
    "one agent after another in a loop": (
        lines(
            "=== Iteration 1 ===",
            assistant("From Claude."),
            {**RESULT, "result": "From Claude."},
            "=== Iteration 2 ===",
            {"type": "thread.started", "thread_id": "1"},
            {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "From Codex."}},
        ),
        ["From Claude.", "From Codex."],
    ),
    "text": (
        b"Just some text. With two sentences.\nAnd a third line\n",
        ["Just some text.", "With two sentences.", "And a third line."],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("sizes", [(), (1,), (7, 64, 3)], ids=["whole", "bytewise", "cut"])
def test_a_stream_is_said_once_and_nothing_else(name: str, sizes: tuple[int, ...]) -> None:
    data, expected = STREAMS[name]
    assert spoken(parse(cut(data, sizes))) == expected


ERRORS: dict[str, tuple[bytes, list[str]]] = {
    "claude, an error disguised as an answer": (
        lines(
            {
                "type": "assistant",
                "message": {
                    "id": "m",
                    "model": "<synthetic>",
                    "content": [{"type": "text", "text": "Invalid API key"}],
                },
                "error": "authentication_failed",
                "session_id": "s",
            },
            {"type": "result", "subtype": "success", "is_error": True, "result": "Invalid API key", "session_id": "s"},
        ),
        ["Invalid API key"],
    ),
    "claude, an error without words": (
        lines({"type": "result", "subtype": "error_during_execution", "is_error": True, "session_id": "s"}),
        ["The run was broken off"],
    ),
    "claude transcript": (
        lines({**assistant("Overloaded"), "isApiErrorMessage": True, "isSidechain": False}),
        ["Overloaded"],
    ),
    "codex, twice": (
        lines(
            {"type": "thread.started"},
            {"type": "error", "message": "No quota"},
            {"type": "turn.failed", "error": {"message": "No quota"}},
        ),
        ["No quota"],
    ),
    "opencode": (
        lines(
            {"type": "error", "timestamp": 1, "sessionID": "s", "error": {"name": "E", "data": {"message": "No key"}}}
        ),
        ["No key"],
    ),
    "anthropic sse": (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
        ["Overloaded"],
    ),
    "gemini": (
        lines({"type": "error", "timestamp": "t", "severity": "error", "message": "Turn limit"}),
        ["Turn limit"],
    ),
    "openai responses": (
        lines({"type": "response.failed", "response": {"error": {"code": "x", "message": "Server error"}}}),
        ["Server error"],
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_announced_once_on_its_own_channel(name: str) -> None:
    data, expected = ERRORS[name]
    out = parse(data)
    assert spoken(out) == []
    assert errors(out) == [f"The agent reports an error: {text}." for text in expected]


def test_an_error_is_announced_in_the_sessions_language() -> None:
    data = lines(
        {"type": "result", "subtype": "error_max_turns", "is_error": True, "errors": ["Zu viel"], "session_id": "s"}
    )
    assert errors(parse(data, language="de")) == ["Der Agent meldet einen Fehler: Zu viel."]


def test_an_unknown_stream_stays_silent_and_says_so_once() -> None:
    out = parse(lines({"kind": "x", "words": "Hello."}, {"kind": "y", "words": "Hello."}))
    assert spoken(out) == []
    assert len(notices(out)) == 1


def test_noise_is_logged_and_never_spoken() -> None:
    out = parse(
        lines(
            "[SandboxDebug] on", assistant("Hello."), "Now using node v20.", "{", '  "error": {', assistant("Bye.", "n")
        )
    )
    assert spoken(out) == ["Hello.", "Bye."]
    assert any("node v20" in text for text in notices(out))


def test_an_aborted_message_loses_its_torn_end_only() -> None:
    assert spoken(parse(lines(assistant("Whole. Torn in the mid", aborted=True)))) == ["Whole."]


def test_only_final_speaks_the_last_message_of_each_turn() -> None:
    data = lines(
        assistant("Let me look.", "a"),
        {**TOOL_CALL, "message": {**TOOL_CALL["message"], "id": "a"}},
        assistant("It is done.", "b"),
        {**RESULT, "result": "It is done."},
        assistant("Second turn.", "c"),
        {**RESULT, "result": "Second turn."},
    )
    assert spoken(parse(data, only="final")) == ["It is done.", "Second turn."]


def test_only_final_knows_interim_messages_of_a_partial_stream() -> None:
    data = (
        partial(["Let me look."], "a")
        + lines(event(type="message_delta", delta={"stop_reason": "tool_use"}))
        + partial(["Done. ", "Really."], "b")
        + lines(event(type="message_delta", delta={"stop_reason": "end_turn"}))
    )
    assert spoken(parse(data, only="final")) == ["Done.", "Really."]


def test_every_format_of_the_command_line_is_known_and_documented() -> None:
    assert set(FORMATS) - set(DETECTED) == set(READERS)
    page = (Path(__file__).parents[3] / "docs" / "internals" / "formats.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"`{name}`" not in page] == []


@pytest.mark.parametrize(("lines_read", "told"), [(7, []), (30, ["these lines look like claude, not codex"])])
def test_a_stream_of_another_format_than_the_named_one_is_told_once(lines_read: int, told: list[str]) -> None:
    results = parse(lines(*[assistant("Hello.")] * lines_read), format="codex")
    assert [r.text.splitlines()[0] for r in results if isinstance(r, Notice)] == told
    results = parse(lines(*[assistant("Hello.")] * lines_read), format="text")
    assert [isinstance(r, Notice) for r in results].count(True) == len(told)


NONE_FITS = "none of the first 8 lines is in the format claude"


@pytest.mark.parametrize("line", [b'{"kind":"of another program"}\n', b"A log line.\n"])
@pytest.mark.parametrize(("lines_read", "told"), [(7, 0), (8, 1), (30, 1)])
def test_a_stream_in_which_nothing_fits_the_named_format_is_told_once(line: bytes, lines_read: int, told: int) -> None:
    def count(data: bytes, name: str) -> int:
        notices = [result.text for result in parse(data, format=name) if isinstance(result, Notice)]
        return sum(text.startswith(NONE_FITS) for text in notices)

    assert count(line * lines_read, "claude") == told
    assert count(lines(assistant("Hello.")) + line * lines_read, "claude") == 0
    assert count(line * lines_read, "text") == 0


def test_a_named_format_is_not_detected() -> None:
    assert spoken(parse(lines(assistant("Hello.")), format="text")) == []
    assert spoken(parse(b"Just text.\n", format="claude")) == []


@pytest.mark.parametrize(
    ("line", "reader"),
    [
        (b'{"type":"last-prompt","lastPrompt":"Fix it.","sessionId":"2e3a"}', ClaudeReader),
        (b'{"$set":{"lastUpdated":"2026-11-29T20:08:56.278Z"}}', ChatFileReader),
    ],
)
def test_a_transcript_is_known_by_its_silent_lines_in_the_middle(line: bytes, reader: type[object]) -> None:
    assert detect(line) is reader
