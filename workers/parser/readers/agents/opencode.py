"""opencode: ``opencode run --format json``."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Deduplicator, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Part(msgspec.Struct):
    id: str | None = None
    text: str | None = None
    synthetic: bool | None = None
    reason: str | None = None


class _Line(msgspec.Struct):
    type: str = ""
    part: _Part | None = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class OpencodeReader(Reader):
    """Reads opencode. A text comes once, when its part has ended."""

    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "text":
                self._text(found.part, sink)
            case "tool_use" | "tool":
                sink.interim()
            case "step_finish":
                if found.part is not None and found.part.reason == "stop":
                    sink.end_turn()
            case "error":
                sink.error(message_of(found.error))
            case "step_start" | "reasoning" | "done":
                pass
            case _:
                return False
        return True

    def _text(self, part: _Part | None, sink: TextSink) -> None:
        if part is None or not part.text or part.synthetic:
            return
        identifier = key_of(part.id or "")
        rest = self.deduplicator.remaining(identifier, part.text) if identifier else part.text
        if rest:
            sink.say_message(rest)
            self.deduplicator.remember(identifier, part.text)
