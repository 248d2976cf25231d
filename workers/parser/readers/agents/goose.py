"""goose: ``goose run --output-format stream-json``, which prints a message in pieces with one id."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, calls_tool, texts
from voicestream.workers.parser.readers.deduplication import key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Metadata(msgspec.Struct, rename="camel"):
    user_visible: bool | None = None


class _Message(msgspec.Struct):
    id: str | None = None
    role: str | None = None
    created: float | None = None
    content: Content = None
    metadata: _Metadata | None = None


class _Line(msgspec.Struct):
    type: str = ""
    message: _Message | str | None = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class GooseReader(Reader):
    """Reads goose. Lines with one id are pieces of one message; a line of another kind ends it."""

    open_id: str | None = None

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "message":
                if not isinstance(found.message, _Message) or found.message.created is None:
                    return False
                self._message(found.message, sink)
            case "complete":
                sink.end_turn()
            case "error":
                sink.close()
                sink.error(message_of(found.error or found.message))
            case "notification" | "model_change":
                pass
            case _:
                return False
        return True

    def _message(self, message: _Message, sink: TextSink) -> None:
        identifier = key_of(message.id) if message.id is not None else None
        if identifier != self.open_id or message.role != "assistant":
            sink.close()
        self.open_id = identifier
        if message.role != "assistant" or (message.metadata is not None and message.metadata.user_visible is False):
            return
        for text in texts(message.content):
            sink.say(text)
        if calls_tool(message.content):
            sink.interim()
