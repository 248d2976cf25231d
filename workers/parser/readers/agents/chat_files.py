"""Chat files of Gemini CLI and Qwen Code: one record a line, written again while its message grows."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Deduplicator, Replays, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    function_call: object = None


class _Message(msgspec.Struct):
    role: str | None = None
    parts: list[_Part] | None = None


class _Line(msgspec.Struct, rename="camel"):
    type: str | None = None
    id: str | None = None
    uuid: str | None = None
    timestamp: object = None
    session_id: str | None = None
    is_sidechain: bool | None = None
    message: _Message | None = None
    content: str | list[_Part] | None = None
    tool_calls: list[msgspec.Raw] | None = None
    project_hash: str | None = None
    messages: list[msgspec.Raw] | None = None
    """The records of a file that is one object."""


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = frozenset({"user", "system", "tool_result", "info", "warning", "error"})


class ChatFileReader(Reader):
    """Reads records of type ``gemini`` with their content, and of type ``assistant`` with the parts of a message."""

    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)
    replays: Replays = msgspec.field(default_factory=Replays)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one record (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "gemini":
                self._gemini(found, sink)
            case "assistant":
                if found.message is None or found.message.parts is None:
                    return False
                self._qwen(found, found.message.parts, sink)
            case None:
                for record in found.messages or []:
                    self.read(bytes(record), sink)
                return found.project_hash is not None or line.startswith(b'{"$set"')
            case "user":
                sink.end_turn()
            case _:
                return found.type in _SILENT
        return True

    def _gemini(self, line: _Line, sink: TextSink) -> None:
        text = line.content if isinstance(line.content, str) else _text(line.content)
        identifier = key_of(line.id or "")
        rest = self.deduplicator.remaining(identifier, text) if identifier else text
        if rest:
            sink.say_message(rest)
            self.deduplicator.remember(identifier, text)
        if line.tool_calls:
            sink.interim()

    def _qwen(self, line: _Line, parts: list[_Part], sink: TextSink) -> None:
        text = _text(parts)
        if line.is_sidechain or (text and self.replays.is_replay(line.uuid, line.timestamp)):
            return
        if text:
            sink.say_message(text)
        if any(part.function_call is not None for part in parts):
            sink.interim()


def _text(parts: list[_Part] | None) -> str:
    return "".join(part.text for part in parts or [] if part.text and not part.thought)
