"""pi: ``--mode json``, and its session files."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, calls_tool, texts
from voicestream.workers.parser.readers.deduplication import Streamed
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.text.word_set import word_set


class _Message(msgspec.Struct, rename="camel"):
    role: str | None = None
    content: Content = None
    stop_reason: str | None = None
    error_message: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    type: str = ""
    message: _Message | None = None
    assistant_message_event: _Event | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = word_set(
    """
    session agent_start turn_start turn_end queue_update compaction_start compaction_end model_change
    thinking_level_change compaction custom label branch_summary auto_retry_start auto_retry_end
    tool_execution_start tool_execution_update tool_execution_end
    """
)


class PiReader(Reader):
    """Reads pi. Deltas, then the whole message once more."""

    said: Streamed = msgspec.field(default_factory=Streamed)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "message_update":
                event = found.assistant_message_event
                if event is not None and event.type == "text_delta" and event.delta:
                    self.said.add(event.delta)
                    sink.say(event.delta)
                elif event is not None and event.type == "text_end":
                    sink.close()
            case "message_start":
                self.said = Streamed()
            case "message_end" | "message":
                if found.message is not None:
                    self._whole(found.message, sink)
            case "agent_end":
                sink.end_turn()
            case _:
                return found.type in _SILENT
        return True

    def _whole(self, message: _Message, sink: TextSink) -> None:
        said, self.said = self.said, Streamed()
        if message.role != "assistant":
            return
        whole = texts(message.content)
        if said:
            rest = said.rest_of("".join(whole))
            whole = [rest] if rest else []
            for text in whole:
                sink.say(text)
            sink.close()
        else:
            for text in whole:
                sink.say_message(text)
        if message.error_message:
            sink.error(message.error_message)
        if calls_tool(message.content):
            sink.interim()
