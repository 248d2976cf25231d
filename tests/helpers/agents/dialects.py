"""Dialects of the stand-in API: one turn as the events of Anthropic, OpenAI (two APIs) and Gemini."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Protocol, cast

from helpers.agents.script import Cut, Text, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.agents.script import Json, Turn

PIECE = 9
"""Characters of a delta."""
_numbers = itertools.count(1)


def identifier(prefix: str) -> str:
    """An id that no other object of this process has."""
    return f"{prefix}_standin{next(_numbers):08d}"


def event(body: Json, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(body)}\n\n".encode()


def pieces(text: str) -> Iterator[str]:
    """A text in the pieces of a stream."""
    for at in range(0, len(text), PIECE):
        yield text[at : at + PIECE]


def words(turn: Turn) -> str:
    """All words of a turn."""
    return "".join(block.text for block in turn if isinstance(block, Text))


def texts_in(content: object) -> str:
    """All strings below ``text``, ``content`` and ``parts``, at any depth."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(map(texts_in, cast("list[object]", content)))
    if isinstance(content, dict):
        fields = cast("dict[str, object]", content)
        return "\n".join(texts_in(fields[key]) for key in ("text", "content", "parts") if key in fields)
    return ""


def _users_first(messages: object) -> str:
    """What the user said before the model answered: the task."""
    said: list[str] = []
    for message in cast("list[Json]", messages if isinstance(messages, list) else []):
        role = message.get("role")
        if role in ("assistant", "model") or (role is None and message.get("type") not in (None, "message")):
            break
        if role == "user":
            said.append(texts_in(message))
    return "\n".join(said)


class Dialect(Protocol):
    """One API."""

    def task(self, asked: Json) -> str:
        """The words of the user that began the conversation."""

    def is_side_question(self, asked: Json) -> bool:
        """Return whether the agent asks for itself (a title, a topic), not for its user."""

    def stream(self, asked: Json, turn: Turn) -> Iterator[bytes]:
        """The events of a turn; behind a ``Cut`` there are none."""

    def whole(self, asked: Json, turn: Turn) -> Json:
        """A turn as one object."""

    def failure(self, status: int, message: str) -> Json:
        """The body of a failure."""


class Anthropic:
    """Messages API, which Claude Code asks."""

    def task(self, asked: Json) -> str:
        """See ``Dialect``."""
        return _users_first(asked.get("messages"))

    def is_side_question(self, asked: Json) -> bool:
        """See ``Dialect``."""
        return not asked.get("tools")

    def stream(self, asked: Json, turn: Turn) -> Iterator[bytes]:
        """See ``Dialect``."""

        def say(kind: str, **fields: object) -> bytes:
            return event({"type": kind, **fields}, kind)

        yield say("message_start", message=self._message(asked))
        for index, block in enumerate(turn):
            if isinstance(block, Tool):
                call = {"type": "tool_use", "id": identifier("toolu"), "name": block.name, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block.arguments)}
                yield say("content_block_start", index=index, content_block=call)
                yield say("content_block_delta", index=index, delta=delta)
            elif isinstance(block, Text | Cut):
                yield say("content_block_start", index=index, content_block={"type": "text", "text": ""})
                for piece in pieces(block.text):
                    yield say("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
            if isinstance(block, Cut):
                return
            yield say("content_block_stop", index=index)
        reason = "tool_use" if isinstance(turn[-1], Tool) else "end_turn"
        yield say("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": 20})
        yield say("message_stop")

    def whole(self, asked: Json, turn: Turn) -> Json:
        """See ``Dialect``."""
        content: list[Json] = []
        for block in turn:
            if isinstance(block, Tool):
                call = {"type": "tool_use", "id": identifier("toolu"), "name": block.name, "input": block.arguments}
                content.append(call)
            elif isinstance(block, Text):
                content.append({"type": "text", "text": block.text})
        reason = "tool_use" if isinstance(turn[-1], Tool) else "end_turn"
        return {**self._message(asked), "content": content, "stop_reason": reason}

    def failure(self, status: int, message: str) -> Json:
        """See ``Dialect``."""
        kind = {429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def _message(self, asked: Json) -> Json:
        return {
            "id": identifier("msg"),
            "type": "message",
            "role": "assistant",
            "model": asked.get("model", "stand-in"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 1},
        }


class Responses:
    """Responses API of OpenAI, which Codex asks."""

    def task(self, asked: Json) -> str:
        """See ``Dialect``."""
        return _users_first(asked.get("input"))

    def is_side_question(self, asked: Json) -> bool:
        """See ``Dialect``."""
        return not asked.get("tools")

    def stream(self, asked: Json, turn: Turn) -> Iterator[bytes]:
        """See ``Dialect``."""
        numbers = itertools.count()

        def say(kind: str, **fields: object) -> bytes:
            return event({"type": kind, "sequence_number": next(numbers), **fields}, kind)

        response = {**self._response(asked), "status": "in_progress", "output": []}
        yield say("response.created", response=response)
        output: list[Json] = []
        for index, block in enumerate(turn):
            place = {"output_index": index}
            if isinstance(block, Text | Cut):
                item = self._message("", "in_progress")
                at = {**place, "item_id": item["id"], "content_index": 0}
                yield say("response.output_item.added", **place, item=item)
                yield say("response.content_part.added", **at, part=self._part(""))
                for piece in pieces(block.text):
                    yield say("response.output_text.delta", **at, delta=piece)
                if isinstance(block, Cut):
                    return
                yield say("response.output_text.done", **at, text=block.text)
                yield say("response.content_part.done", **at, part=self._part(block.text))
                item = {**item, "status": "completed", "content": [self._part(block.text)]}
            else:
                item = self._items((block,))[0]
                yield say("response.output_item.added", **place, item=item)
            output.append(item)
            yield say("response.output_item.done", **place, item=item)
        yield say("response.completed", response=self._completed(response, output))

    def whole(self, asked: Json, turn: Turn) -> Json:
        """See ``Dialect``."""
        return self._completed(self._response(asked), self._items(turn))

    def failure(self, status: int, message: str) -> Json:
        """See ``Dialect``."""
        kind = "rate_limit_exceeded" if status == 429 else "server_error"
        return {"error": {"type": kind, "code": kind, "message": message, "param": None}}

    def _response(self, asked: Json) -> Json:
        return {"id": identifier("resp"), "object": "response", "model": asked.get("model", "stand-in")}

    def _completed(self, response: Json, output: list[Json]) -> Json:
        usage = {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        return {**response, "status": "completed", "output": output, "usage": {**usage, **details}}

    def _items(self, turn: Turn) -> list[Json]:
        items: list[Json] = []
        for block in turn:
            if isinstance(block, Text):
                items.append(self._message(block.text, "completed"))
            elif isinstance(block, Tool):
                arguments = json.dumps(block.arguments)
                call = {"type": "function_call", "name": block.name, "arguments": arguments, "status": "completed"}
                place = {"namespace": block.namespace} if block.namespace else {}
                items.append({**call, **place, "id": identifier("fc"), "call_id": identifier("call")})
        return items

    def _message(self, text: str, status: str) -> Json:
        content = [self._part(text)] if text else []
        message = {"type": "message", "role": "assistant", "status": status, "content": content}
        return {"id": identifier("msg"), **message}

    def _part(self, text: str) -> Json:
        return {"type": "output_text", "text": text, "annotations": []}


class Chat:
    """Chat Completions, which opencode asks."""

    def task(self, asked: Json) -> str:
        """See ``Dialect``."""
        return _users_first(asked.get("messages"))

    def is_side_question(self, asked: Json) -> bool:
        """See ``Dialect``."""
        return not asked.get("tools")

    def stream(self, asked: Json, turn: Turn) -> Iterator[bytes]:
        """See ``Dialect``."""
        base = self._base(asked, "chat.completion.chunk")

        def say(delta: Json, reason: str | None = None) -> bytes:
            return event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

        yield say({"role": "assistant", "content": ""})
        calls = itertools.count()
        for block in turn:
            if isinstance(block, Tool):
                yield say({"tool_calls": [{"index": next(calls), **self._call(block)}]})
            elif isinstance(block, Text | Cut):
                for piece in pieces(block.text):
                    yield say({"content": piece})
                if isinstance(block, Cut):
                    return
        yield say({}, "tool_calls" if isinstance(turn[-1], Tool) else "stop")
        yield b"data: [DONE]\n\n"

    def whole(self, asked: Json, turn: Turn) -> Json:
        """See ``Dialect``."""
        calls = [self._call(block) for block in turn if isinstance(block, Tool)]
        message: Json = {"role": "assistant", "content": words(turn), **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
        return {**self._base(asked, "chat.completion"), "choices": [choice]}

    def failure(self, status: int, message: str) -> Json:
        """See ``Dialect``."""
        return {"error": {"type": "server_error", "code": str(status), "message": message, "param": None}}

    def _base(self, asked: Json, kind: str) -> Json:
        usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
        made = {"created": 1_790_000_000, "model": asked.get("model", "stand-in"), "usage": usage}
        return {"id": identifier("chatcmpl"), "object": kind, **made}

    def _call(self, block: Tool) -> Json:
        function = {"name": block.name, "arguments": json.dumps(block.arguments)}
        return {"id": identifier("call"), "type": "function", "function": function}


class Gemini:
    """Gemini API, which Gemini CLI asks."""

    def task(self, asked: Json) -> str:
        """See ``Dialect``."""
        return _users_first(asked.get("contents"))

    def is_side_question(self, asked: Json) -> bool:
        """See ``Dialect``."""
        return not asked.get("tools")

    def stream(self, asked: Json, turn: Turn) -> Iterator[bytes]:
        """See ``Dialect``."""
        for block in turn:
            if isinstance(block, Tool):
                yield event(self._body(asked, [self._call(block)]))
            elif isinstance(block, Text | Cut):
                for piece in pieces(block.text):
                    yield event(self._body(asked, [{"text": piece}]))
                if isinstance(block, Cut):
                    return
        yield event(self._body(asked, [{"text": ""}], "STOP"))

    def whole(self, asked: Json, turn: Turn) -> Json:
        """See ``Dialect``."""
        wanted = asked.get("generationConfig") or {}
        if "responseJsonSchema" in wanted or "responseSchema" in wanted:
            return self._body(asked, [{"text": "{}"}], "STOP")
        parts = [self._call(block) if isinstance(block, Tool) else {"text": words((block,))} for block in turn]
        return self._body(asked, parts, "STOP")

    def failure(self, status: int, message: str) -> Json:
        """See ``Dialect``."""
        name = "RESOURCE_EXHAUSTED" if status == 429 else "UNAVAILABLE"
        return {"error": {"code": status, "message": message, "status": name}}

    def _call(self, block: Tool) -> Json:
        return {"functionCall": {"name": block.name, "args": block.arguments}}

    def _body(self, asked: Json, parts: list[Json], reason: str | None = None) -> Json:
        candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
        if reason is not None:
            candidate["finishReason"] = reason
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 20, "totalTokenCount": 30}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": asked.get("model", "stand-in")}


ENDINGS: dict[str, Dialect] = {
    "/messages": Anthropic(),
    "/responses": Responses(),
    "/chat/completions": Chat(),
    ":streamGenerateContent": Gemini(),
    ":generateContent": Gemini(),
}
"""The dialect by the end of a request's path."""
