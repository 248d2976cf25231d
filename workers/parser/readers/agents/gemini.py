"""Gemini CLI: ``--output-format stream-json``."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Line(msgspec.Struct):
    type: str = ""
    role: str | None = None
    content: str | None = None
    delta: bool | None = None
    severity: str | None = None
    status: str | None = None
    message: object = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class GeminiReader(Reader):
    """Reads Gemini CLI. Its messages have no ids: a line of another type ends the message."""

    def read(self, line: bytes, sink: TextSink) -> bool:  # noqa: C901, PLR0912 - a table of lines
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "message":
                if found.role == "assistant":
                    if not found.delta:
                        sink.close()
                    sink.say(found.content or "")
                    if not found.delta:
                        sink.close()
                else:
                    sink.close()
            case "tool_use":
                sink.interim()
            case "tool_result" | "init":
                sink.close()
            case "error":
                if found.severity == "warning":
                    sink.close()
                    sink.notice("the agent warns: " + message_of(found.message))
                else:
                    sink.error(message_of(found.message or found.error))
            case "result":
                if found.status == "error":
                    sink.error(message_of(found.error or found.message))
                sink.end_turn()
            case _:
                return False
        return True
