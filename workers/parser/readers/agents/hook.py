"""Claude Code's hooks: the object a command hook gets on its standard input."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.deduplication import Deduplicator, Streamed, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Line(msgspec.Struct):
    hook_event_name: str = ""
    last_assistant_message: str | None = None
    agent_id: str | None = None
    turn_id: str | None = None
    message_id: str | None = None
    delta: str | None = None
    final: bool | None = None
    error: object = None
    error_details: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class HookReader(Reader):
    """Reads hook payloads: messages as they are shown, and the last one of a turn."""

    showing: str | None = None
    """Id of the message that is being shown."""
    shown: Streamed = msgspec.field(default_factory=Streamed)
    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one payload (see ``Reader``)."""
        found = _DECODER.decode(line)
        if not found.hook_event_name:
            return False
        if found.agent_id is not None:
            return True  # inside a sub-agent
        match found.hook_event_name:
            case "MessageDisplay":
                self._display(found, sink)
            case "Stop":
                self._close(sink)
                text = found.last_assistant_message or ""
                if text and not self.deduplicator.was_last(text):
                    sink.say_message(text)
                    self.deduplicator.remember("", text)
                sink.end_turn()
            case "StopFailure":
                self._close(sink)
                sink.error(found.last_assistant_message or message_of(found.error) or message_of(found.error_details))
                sink.end_turn()
            case "UserPromptSubmit":
                self._close(sink)
                sink.end_turn()
            case _:
                pass
        return True

    def _display(self, found: _Line, sink: TextSink) -> None:
        identifier = key_of(found.message_id) if found.message_id is not None else None
        if identifier != self.showing:
            self._close(sink)
            self.showing = identifier
        text = found.delta or ""
        self.shown.add(text)
        sink.say(text)
        if found.final:
            self._close(sink)

    def _close(self, sink: TextSink) -> None:
        if self.shown:
            self.deduplicator.remember(self.showing or "", self.shown)
        self.showing, self.shown = None, Streamed()
        sink.close()
