"""Droid: ``droid exec -o stream-json``."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Deduplicator, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Line(msgspec.Struct):
    type: str = ""
    subtype: str | None = None
    role: str | None = None
    id: str | None = None
    text: str | None = None
    message: object = None
    error: object = None
    final_text: str | None = msgspec.field(default=None, name="finalText")


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = frozenset({"reasoning", "tool_result", "session_start", "token_usage", "todo_state"})


class DroidReader(Reader):
    """Reads Droid. A message comes whole, and the last one once more at the end of the turn."""

    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "message":
                if found.text is None or found.role is None:
                    return False
                if found.role == "assistant":
                    self._say(key_of(found.id or ""), found.text, sink)
            case "tool_call":
                sink.interim()
            case "completion":
                if not sink.spoke and found.final_text:
                    sink.say_message(found.final_text)
                sink.end_turn()
            case "error":
                sink.error(message_of(found.message or found.error))
            case "system":
                return found.subtype is not None
            case _:
                return found.type in _SILENT
        return True

    def _say(self, identifier: str, text: str, sink: TextSink) -> None:
        rest = self.deduplicator.remaining(identifier, text) if identifier else text
        if rest:
            sink.say_message(rest)
            self.deduplicator.remember(identifier, text)
