"""Agent Client Protocol: ``session/update`` notifications of any agent that speaks it, one JSON-RPC message a line."""

from __future__ import annotations

from typing import Final, cast

import msgspec

from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Text(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Update(msgspec.Struct, rename="camel"):
    session_update: str = ""
    content: _Text | list[msgspec.Raw] | None = None
    message_id: str | None = None


class _Parameters(msgspec.Struct):
    update: _Update | None = None


class _Line(msgspec.Struct):
    jsonrpc: str | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: object = None
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_PARAMETERS: Final = msgspec.json.Decoder(_Parameters)
_BETWEEN: Final = frozenset({"usage_update", "available_commands_update", "current_mode_update", "session_info_update"})
"""Updates that may come inside a message."""


def _has_stopped(result: object) -> bool:
    """Return whether the result of a request is that of a finished turn."""
    return isinstance(result, dict) and "stopReason" in cast("dict[str, object]", result)


class AcpReader(Reader):
    """Reads ACP. Pieces have no end: another message id or another kind of update ends a message."""

    open_id: str | None = None

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one JSON-RPC message (see ``Reader``)."""
        found = _DECODER.decode(line)
        if found.jsonrpc is None and found.method != "session/update":
            return False
        if found.method == "session/update":
            update = _PARAMETERS.decode(found.params).update
            if update is not None:
                self._update(update, sink)
        elif found.method is not None:
            sink.close()
        elif found.error is not None:
            sink.close()
            sink.error(message_of(found.error))
        elif _has_stopped(found.result):
            sink.end_turn()
        return True

    def _update(self, update: _Update, sink: TextSink) -> None:
        kind = update.session_update
        if kind == "agent_message_chunk":
            if update.message_id is not None and update.message_id != self.open_id:
                sink.close()
                self.open_id = update.message_id[:128]
            if isinstance(update.content, _Text) and update.content.type == "text":
                sink.say(update.content.text or "")
        elif kind == "tool_call":
            sink.interim()
        elif kind not in _BETWEEN:
            sink.close()
