"""Anthropic's Messages API: the events of a stream, as server-sent events or one a line, and whole messages."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Block, Content, calls_tool, texts
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Message(msgspec.Struct):
    role: str | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    stop_reason: str | None = None


class _Line(msgspec.Struct):
    type: str = ""
    role: str | None = None
    content: Content = None
    message: _Message | None = None
    content_block: Block | None = None
    delta: _Delta | None = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class AnthropicReader(Reader):
    """Reads the Messages API. Adjacent text blocks of one message are one text: citations cut it in pieces."""

    in_text: bool = False

    def read(self, line: bytes, sink: TextSink) -> bool:  # noqa: C901 - a table of events
        """Read one event (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "content_block_delta":
                if self.in_text and found.delta is not None and found.delta.type == "text_delta":
                    sink.say(found.delta.text)
            case "content_block_start":
                self._start(found.content_block, sink)
            case "content_block_stop" | "ping":
                pass
            case "message_start":
                sink.discard()  # of a message before it that never stopped
                self.in_text = False
            case "message_delta":
                reason = found.delta.stop_reason if found.delta else None
                if reason == "tool_use":
                    sink.interim()
                elif reason is not None:
                    sink.end_turn()
            case "message_stop":
                self.in_text = False
                sink.end_turn()
            case "error":
                sink.error(message_of(found.error))
            case "message" if found.role == "assistant":
                self._whole(found.content, sink)
            case _:
                return False
        return True

    def _start(self, block: Block | None, sink: TextSink) -> None:
        self.in_text = block is not None and block.type == "text"
        if block is not None and self.in_text:
            sink.say(block.text or "")
        else:
            sink.close()

    def _whole(self, content: Content, sink: TextSink) -> None:
        for text in texts(content):
            sink.say_message(text)
        if calls_tool(content):
            sink.interim()
        else:
            sink.end_turn()
