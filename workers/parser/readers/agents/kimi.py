"""Kimi CLI ``--print --output-format stream-json``, and other lines of ``{"role": …, "content": …}`` without a type."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, calls_tool, texts
from voicestream.workers.parser.readers.reader import Reader, TextSink


class _Line(msgspec.Struct):
    role: str | None = None
    content: Content = None
    tool_calls: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class KimiReader(Reader):
    """Reads whole messages that have a role."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        if found.role is None:
            return False
        if found.role == "assistant":
            for text in texts(found.content):
                sink.say_message(text)
            if found.tool_calls or calls_tool(found.content):
                sink.interim()
        elif found.role == "user":
            sink.end_turn()
        return True
