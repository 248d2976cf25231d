"""GitHub Copilot CLI: ``copilot -p … --output-format json``, and its session files."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Deduplicator, Streamed, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Data(msgspec.Struct, rename="camel"):
    message_id: str | None = None
    delta_content: str | None = None
    content: object = None
    tool_requests: list[msgspec.Raw] | None = None
    parent_tool_call_id: str | None = None
    phase: str | None = None
    message: object = None
    error: object = None


class _Line(msgspec.Struct):
    type: str = ""
    data: _Data | None = None


class _Kind(msgspec.Struct):
    type: str = ""


_DECODER: Final = msgspec.json.Decoder(_Line)
_KIND: Final = msgspec.json.Decoder(_Kind)
_READ: Final = frozenset({"assistant.message_delta", "assistant.message", "session.error", "error"})
PREFIXES: Final = ("assistant.", "session.", "user.", "tool.", "system.", "hook.", "permission.", "subagent.", "skill.")
"""Prefixes of the types of its events."""


class CopilotReader(Reader):
    """Reads Copilot. Deltas by the id of their message, then the whole message once more."""

    open_id: str | None = None
    said: Streamed = msgspec.field(default_factory=Streamed)
    """The text of the open message that came."""
    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one event (see ``Reader``)."""
        kind = _KIND.decode(line).type
        if kind not in _READ:
            return self._other(kind, sink)
        data = _DECODER.decode(line).data
        if data is None:
            return False
        if data.parent_tool_call_id is not None:
            return True  # inside a sub-agent
        identifier = key_of(data.message_id) if data.message_id is not None else None
        if kind == "assistant.message_delta":
            if identifier != self.open_id:
                self._close(sink)
                self.open_id = identifier
            self.said.add(data.delta_content or "")
            sink.say(data.delta_content or "")
        elif kind == "assistant.message":
            self._whole(identifier, data, sink)
        else:
            self._close(sink)
            sink.error(message_of(data.message or data.error))
        return True

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        self._close(sink)
        sink.end_turn()

    def _other(self, kind: str, sink: TextSink) -> bool:
        if kind in ("result", "session.idle", "session.task_complete", "user.message", "abort"):
            self._close(sink)
            sink.end_turn()
            return True
        return kind.startswith(PREFIXES)

    def _whole(self, identifier: str | None, data: _Data, sink: TextSink) -> None:
        text = data.content if isinstance(data.content, str) else ""
        if identifier == self.open_id and self.said:
            rest = self.said.rest_of(text)
            sink.say(rest or "")
            self.said = Streamed.of(text) if text else self.said
            self._close(sink)
        else:
            self._close(sink)
            rest = self.deduplicator.remaining(identifier, text) if identifier else text
            if rest:
                sink.say_message(rest)
                self.deduplicator.remember(identifier or "", text)
        if data.tool_requests or data.phase == "commentary":
            sink.interim()

    def _close(self, sink: TextSink) -> None:
        if self.said:
            self.deduplicator.remember(self.open_id or "", self.said)
        self.open_id, self.said = None, Streamed()
        sink.close()
