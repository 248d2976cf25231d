"""Grok CLI: ``--output-format streaming-json``, and the history of its chats."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, texts
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of
from voicestream.workers.text.word_set import word_set


class _Line(msgspec.Struct):
    type: str = ""
    data: object = None
    content: Content = None
    tool_calls: list[msgspec.Raw] | None = None
    message: object = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_SILENT: Final = word_set("system reasoning thought usage available_commands session init")
_ENDING: Final = word_set("user tool_result tool_call tool_use tool_call_update")


class GrokReader(Reader):
    """Reads Grok. A stream has pieces without an id, which a line of another kind ends; a history has messages."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "text":
                if not isinstance(found.data, str):
                    return False
                sink.say(found.data)
            case "assistant":
                if found.content is None:
                    return False
                for text in texts(found.content):
                    sink.say_message(text)
                if found.tool_calls:
                    sink.interim()
            case "end":
                sink.end_turn()
            case "error":
                sink.close()
                sink.error(message_of(found.message or found.error or found.data))
            case _:
                if found.type in _ENDING:
                    sink.interim() if found.type.startswith("tool_") else sink.end_turn()
                    return True
                sink.close()
                return found.type in _SILENT
        return True
