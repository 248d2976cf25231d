"""Codex: ``codex exec --json``, and the rollout files it keeps."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, texts
from voicestream.workers.parser.readers.deduplication import Streamed, key_of
from voicestream.workers.parser.readers.reader import Narrator, Reader
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
    """What was said of the open item."""
    failing: str = ""
    """An error of which it is not known yet whether the turn fails."""

    def read(self, line: bytes, narrator: Narrator) -> bool:
        """Read one line (see ``Reader``)."""
        found = _DECODER.decode(line)
        match found.type:
            case "item.started" | "item.updated" | "item.completed":
                if found.item is not None:
                    self._item(found.item, narrator, completed=found.type == "item.completed")
            case "thread.started":
                self._close(narrator)
            case "turn.completed":
                self._close(narrator)
                if self.failing:
                    narrator.notice("the agent warns: " + self.failing)
                    self.failing = ""
                narrator.end_turn()
            case "error":
                self._close(narrator)
                self._error(found.message or message_of(found.error), narrator)
            case "turn.failed":
                self._close(narrator)
                narrator.error(found.message or message_of(found.error) or self.failing)
                self.failing = ""
                narrator.end_turn()
            case "response_item":
                self._rollout(found.payload, narrator)
            case _:
                return found.type in _SILENT
        return True

    def end(self, narrator: Narrator) -> None:
        """The input is over."""
        if self.failing:
            narrator.error(self.failing)
            self.failing = ""
        narrator.end_turn()

    def _error(self, text: str, narrator: Narrator) -> None:
        """Codex prints its retries as errors, too: only the turn's end tells whether it failed."""
        if is_retry(text):
            narrator.notice("the agent tries again: " + text)
        else:
            self.failing = text[:_LONGEST_ERROR]

    def _item(self, item: _Item, narrator: Narrator, *, completed: bool) -> None:
        if item.type == "error":
            if completed and item.message:
                narrator.notice("the agent warns: " + item.message)
            return
        if item.type != "agent_message":
            self._close(narrator)
            return
        identifier = key_of(item.id) if item.id is not None else None
        if identifier != self.open_item:
            self._close(narrator)
        self.open_item = identifier
        text = item.text or ""
        rest = self.said.rest_of(text) if self.said else text
        if rest is None:
            narrator.close()
            rest = text
        narrator.say(rest)
        self.said = Streamed.of(text) if text else self.said
        if completed:
            self._close(narrator)
            if item.phase == "commentary":
                narrator.interim()

    def _close(self, narrator: Narrator) -> None:
        narrator.close()
        self.open_item, self.said = None, Streamed()

    def _rollout(self, payload: _Payload | None, narrator: Narrator) -> None:
        """In rollout files each text stands twice; ``event_msg`` is the copy that is left out."""
        if payload is None or payload.type != "message" or payload.role != "assistant":
            return
        for text in texts(payload.content):
            narrator.say_message(text)
        if payload.phase == "commentary":
            narrator.interim()
