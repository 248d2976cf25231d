"""Codex: ``codex exec --json``, and the rollout files it keeps."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, texts
from voicestream.workers.parser.readers.deduplication import Streamed, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import is_retry, message_of


class _Item(msgspec.Struct):
    id: str | None = None
    type: str = ""
    text: str | None = None
    message: str | None = None
    phase: str | None = None


class _Payload(msgspec.Struct):
    type: str = ""
    role: str | None = None
    content: Content = None
    phase: str | None = None


class _Line(msgspec.Struct):
    type: str = ""
    item: _Item | None = None
    message: str | None = None
    error: object = None
    payload: _Payload | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_LONGEST_ERROR: Final = 2400
"""Characters of an error that are kept."""
_SILENT: Final = frozenset({"turn.started", "session_meta", "event_msg", "turn_context", "compacted"})


class CodexReader(Reader):
    """Reads Codex. A message comes whole; should it come in growing versions, only what is new is said."""

    open_item: str | None = None
    said: Streamed = msgspec.field(default_factory=Streamed)
    """The text of the open item that was given out."""
    failing: str = ""
    """An error of which it is not known yet whether the turn fails."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "item.started" | "item.updated" | "item.completed":
                if found.item is not None:
                    self._item(found.item, sink, completed=found.type == "item.completed")
            case "thread.started":
                self._close(sink)
            case "turn.completed":
                self._close(sink)
                if self.failing:
                    sink.notice("the agent warns: " + self.failing)
                    self.failing = ""
                sink.end_turn()
            case "error":
                self._close(sink)
                self._error(found.message or message_of(found.error), sink)
            case "turn.failed":
                self._close(sink)
                sink.error(found.message or message_of(found.error) or self.failing)
                self.failing = ""
                sink.end_turn()
            case "response_item":
                self._rollout(found.payload, sink)
            case _:
                return found.type in _SILENT
        return True

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        if self.failing:
            sink.error(self.failing)
            self.failing = ""
        sink.end_turn()

    def _error(self, text: str, sink: TextSink) -> None:
        """Codex prints its retries as errors, too: only the turn's end tells whether it failed."""
        if is_retry(text):
            sink.notice("the agent tries again: " + text)
        else:
            self.failing = text[:_LONGEST_ERROR]

    def _item(self, item: _Item, sink: TextSink, *, completed: bool) -> None:
        if item.type == "error":
            if completed and item.message:
                sink.notice("the agent warns: " + item.message)
            return
        if item.type != "agent_message":
            self._close(sink)
            return
        identifier = key_of(item.id) if item.id is not None else None
        if identifier != self.open_item:
            self._close(sink)
        self.open_item = identifier
        text = item.text or ""
        rest = self.said.rest_of(text) if self.said else text
        if rest is None:
            sink.close()
            rest = text
        sink.say(rest)
        self.said = Streamed.of(text) if text else self.said
        if completed:
            self._close(sink)
            if item.phase == "commentary":
                sink.interim()

    def _close(self, sink: TextSink) -> None:
        sink.close()
        self.open_item, self.said = None, Streamed()

    def _rollout(self, payload: _Payload | None, sink: TextSink) -> None:
        """In rollout files each text stands twice; ``event_msg`` is the copy that is left out."""
        if payload is None or payload.type != "message" or payload.role != "assistant":
            return
        for text in texts(payload.content):
            sink.say_message(text)
        if payload.phase == "commentary":
            sink.interim()
