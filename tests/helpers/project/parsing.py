"""Feeding the parser in tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser.pipeline import Found, Notice, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

CASES: Final = Path(__file__).resolve().parents[2] / "cases"


def load(name: str) -> list[dict[str, Any]]:
    """The cases of one file below ``tests/cases``."""
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").split("\n") if line]


def parse(pieces: bytes | Iterable[bytes], **options: Any) -> list[Found | Notice]:  # noqa: ANN401 - fields of ParserOptions
    """All that a pipeline gives out for some input."""
    pipeline = Pipeline(ParserOptions(**options))
    out: list[Found | Notice] = []
    for piece in [pieces] if isinstance(pieces, bytes) else pieces:
        out.extend(pipeline.feed(piece))
    out.extend(pipeline.end())
    return out


def found(out: Iterable[Found | Notice]) -> list[Found]:
    """The sentences."""
    return [result for result in out if isinstance(result, Found)]


def spoken(out: Iterable[Found | Notice]) -> list[str]:
    """The words of the sentences that are the agent's own."""
    return [result.text for result in found(out) if result.kind == "speech"]


def errors(out: Iterable[Found | Notice]) -> list[str]:
    """What is announced from the agent's error channel."""
    return [result.text for result in found(out) if result.kind == "agent_error"]


def notices(out: Iterable[Found | Notice]) -> list[str]:
    """What is for the log."""
    return [result.text for result in out if isinstance(result, Notice)]


def lines(*objects: object) -> bytes:
    """Objects as JSON lines, other things as they are."""
    shown = (text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in objects)
    return "".join(line + "\n" for line in shown).encode()


def message(text: str) -> bytes:
    """A whole message in the bare form."""
    return lines({"content": [{"type": "text", "text": text}]})


def event(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """One ``stream_event`` of Claude Code."""
    return {"type": "stream_event", "event": fields, "parent_tool_use_id": None, "session_id": "s"}


def delta(text: str, index: int = 0) -> dict[str, Any]:
    """A piece of text, as Claude Code prints it."""
    return event(type="content_block_delta", index=index, delta={"type": "text_delta", "text": text})


def partial(chunks: Iterable[str], identifier: str = "m") -> bytes:
    """One message as Claude Code prints it with partial messages: pieces, then the whole text, then the stop."""
    chunks = list(chunks)
    return lines(
        event(type="message_start", message={"id": identifier}),
        event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *map(delta, chunks),
        assistant("".join(chunks), identifier),
        event(type="content_block_stop", index=0),
    )


def assistant(text: str, identifier: str | None = "m", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A whole message as Claude Code prints it."""
    content = [{"type": "text", "text": text}]
    body = {"id": identifier, "role": "assistant", "content": content}
    return {"type": "assistant", "message": body, "parent_tool_use_id": None, "session_id": "s", **fields}


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """Bytes in pieces of these sizes, over and over."""
    pieces: list[bytes] = []
    wanted = [size for size in sizes if size > 0] or [len(data) or 1]
    position = turn = 0
    while position < len(data):
        size = wanted[turn % len(wanted)]
        pieces.append(data[position : position + size])
        position += size
        turn += 1
    return pieces
