"""Chat files of Gemini CLI and Qwen Code: one record a line, written again while its message grows."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Memory, Replays, key_of
from voicestream.workers.parser.readers.reader import Narrator, Reader


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


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = frozenset({"user", "system", "tool_result", "info", "warning", "error"})


class ChatFileReader(Reader):
    """Reads records of type ``gemini`` with their content, and of type ``assistant`` with the parts of a message."""

    memory: Memory = msgspec.field(default_factory=Memory)
    replays: Replays = msgspec.field(default_factory=Replays)

    def read(self, line: bytes, narrator: Narrator) -> bool:
        """Read one record (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "gemini":
                self._gemini(found, narrator)
            case "assistant":
                if found.message is None or found.message.parts is None:
                    return False
                self._qwen(found, found.message.parts, narrator)
            case None:
                return found.project_hash is not None or line.startswith(b'{"$set"')
            case "user":
                narrator.end_turn()
            case _:
                return found.type in _SILENT
        return True

    def _gemini(self, line: _Line, narrator: Narrator) -> None:
        text = line.content if isinstance(line.content, str) else _text(line.content)
        identifier = key_of(line.id or "")
        rest = self.memory.unsaid(identifier, text) if identifier else text
        if rest:
            narrator.say_message(rest)
            self.memory.remember(identifier, text)
        if line.tool_calls:
            narrator.interim()

    def _qwen(self, line: _Line, parts: list[_Part], narrator: Narrator) -> None:
        text = _text(parts)
        if line.is_sidechain or (text and self.replays.is_replay(line.uuid, line.timestamp)):
            return
        if text:
            narrator.say_message(text)
        if any(part.function_call is not None for part in parts):
            narrator.interim()


def _text(parts: list[_Part] | None) -> str:
    return "".join(part.text for part in parts or [] if part.text and not part.thought)
