"""Cursor: ``cursor-agent -p --output-format stream-json``, with and without ``--stream-partial-output``."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, texts
from voicestream.workers.parser.readers.deduplication import Streamed
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Message(msgspec.Struct):
    content: Content = None


class _Line(msgspec.Struct):
    type: str = ""
    message: _Message | str | None = None
    timestamp_ms: float | None = None
    uuid: str | None = None
    model_call_id: str | None = None
    is_error: bool | None = None
    result: object = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = frozenset({"system", "thinking", "user", "connection", "retry", "interaction_query"})
_CERTAIN: Final = 12
"""Characters of a piece that make it a repetition and not a word said twice."""


class CursorReader(Reader):
    """Reads Cursor.

    The same kind of line is the only copy in one mode and a repetition in the other, so every line is compared
    with what was said of the open message: equal is a repetition, longer says the rest.
    """

    said: Streamed = msgspec.field(default_factory=Streamed)
    """The text of the open message that was given out."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "assistant":
                if found.uuid is not None:
                    return False  # Claude Code's
                message = found.message
                text = "".join(texts(message.content)) if isinstance(message, _Message) else ""
                is_piece = found.timestamp_ms is not None and found.model_call_id is None
                self._text(text, sink, is_piece=is_piece)
            case "tool_call":
                self._close(sink)
                sink.interim()
            case "result":
                self._close(sink)
                if found.is_error:
                    sink.error(message_of(found.error or found.result))
                sink.end_turn()
            case "error":
                self._close(sink)
                sink.error(message_of(found.message if isinstance(found.message, str) else found.error))
            case _:
                if found.type == "user":
                    self._close(sink)
                return found.type in _SILENT
        return True

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        self._close(sink)
        sink.end_turn()

    def _text(self, text: str, sink: TextSink, *, is_piece: bool) -> None:
        rest = self.said.rest_of(text) if self.said else None
        if is_piece:
            longer = rest is not None and len(text) >= self.said.size >= _CERTAIN
            sink.say(rest if longer and rest is not None else text)
            if longer:
                self.said = Streamed()
            self.said.add(text)
            return
        if rest is None:
            self._close(sink)
            rest = text
        sink.say(rest)
        self._close(sink)

    def _close(self, sink: TextSink) -> None:
        sink.close()
        self.said = Streamed()
