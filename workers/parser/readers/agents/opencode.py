"""opencode: ``opencode run --format json``."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Memory, key_of
from voicestream.workers.parser.readers.reader import Narrator, Reader
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

    memory: Memory = msgspec.field(default_factory=Memory)

    def read(self, line: bytes, narrator: Narrator) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "text":
                self._text(found.part, narrator)
            case "tool_use" | "tool":
                narrator.interim()
            case "step_finish":
                if found.part is not None and found.part.reason == "stop":
                    narrator.end_turn()
            case "error":
                narrator.error(message_of(found.error))
            case "step_start" | "reasoning" | "done":
                pass
            case _:
                return False
        return True

    def _text(self, part: _Part | None, narrator: Narrator) -> None:
        if part is None or not part.text or part.synthetic:
            return
        identifier = key_of(part.id or "")
        rest = self.memory.unsaid(identifier, part.text) if identifier else part.text
        if rest:
            narrator.say_message(rest)
            self.memory.remember(identifier, part.text)
