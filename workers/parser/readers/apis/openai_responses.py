"""OpenAI's Responses API: every text comes as deltas and then up to four times more."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content
from voicestream.workers.parser.readers.deduplication import Deduplicator, Streamed, key_of
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of
from voicestream.workers.text.word_set import word_set


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    id: str | None = None
    type: str = ""
    role: str | None = None
    phase: str | None = None
    content: list[_Part] | None = None


class _Response(msgspec.Struct):
    output: list[_Item] | None = None
    error: object = None
    incomplete_details: object = None


class _Line(msgspec.Struct):
    type: str = ""
    item_id: str | None = None
    content_index: int | None = None
    output_index: int | None = None
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    item: _Item | None = None
    response: _Response | None = None
    message: str | None = None
    error: Content | dict[str, msgspec.Raw] = None
    output: list[_Item] | None = None


class _Probe(msgspec.Struct):
    """Enough to tell the events that are read from those whose fields have other shapes."""

    type: str = ""
    object_type: str = msgspec.field(default="", name="object")


_DECODER: Final = msgspec.json.Decoder(_Line)
_PROBE: Final = msgspec.json.Decoder(_Probe)
_READ: Final = word_set(
    """
    response.output_text.delta response.refusal.delta response.output_text.done response.refusal.done
    response.output_item.added response.output_item.done response.completed response.incomplete response.failed
    error
    """
)


class OpenAIResponsesReader(Reader):
    """Reads the Responses API."""

    position: str = ""
    """Item and part that come in pieces."""
    said: Streamed = msgspec.field(default_factory=Streamed)
    """The text of it that was given out."""
    commentary: bool = False
    """The open item is not the turn's final answer."""
    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one event (see ``Reader``)."""
        kind = _PROBE.decode(line)
        if kind.type not in _READ and kind.object_type != "response":
            return kind.type.startswith("response.")
        found = _DECODER.decode(line)
        position = key_of(f"{found.item_id or found.output_index}/{found.content_index or 0}")
        match found.type:
            case "response.output_text.delta" | "response.refusal.delta":
                self._delta(position, found.delta or "", sink)
            case "response.output_text.done" | "response.refusal.done":
                self._whole(position, found.text or found.refusal or "", sink)
            case "response.output_item.added":
                self.commentary = found.item is not None and found.item.phase == "commentary"
            case "response.output_item.done":
                self._item(found.item, sink)
            case "response.completed" | "response.incomplete":
                self._response(found.response.output if found.response else None, sink)
            case "response.failed" | "error":
                sink.close()
                error = found.response.error if found.response else None
                sink.error(found.message or message_of(error) or message_of(msgspec.json.decode(line).get("error")))
            case _:
                self._response(found.output, sink)
        return True

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        self._close(sink)
        sink.end_turn()

    def _delta(self, position: str, text: str, sink: TextSink) -> None:
        if position != self.position:
            self._close(sink)
            self.position = position
        self.said.add(text)
        sink.say(text)

    def _whole(self, position: str, text: str, sink: TextSink) -> None:
        if position == self.position and self.said:
            rest = self.said.rest_of(text)
            sink.say(rest or "")
            self.said = Streamed.of(text)
            self._close(sink)
        elif not self.deduplicator.knows(position):
            self._close(sink)
            self.deduplicator.remember(position, text)
            sink.say_message(text)

    def _item(self, item: _Item | None, sink: TextSink) -> None:
        if item is None or item.type != "message" or item.role not in (None, "assistant"):
            if item is not None and item.type.endswith("_call"):
                sink.interim()
            return
        for index, part in enumerate(item.content or []):
            if part.type in ("output_text", "refusal"):
                self._whole(key_of(f"{item.id}/{index}"), part.text or part.refusal or "", sink)
        if item.phase == "commentary" or self.commentary:
            sink.interim()

    def _response(self, output: list[_Item] | None, sink: TextSink) -> None:
        for item in output or []:
            if item.type == "message":
                self._item(item, sink)
        self._close(sink)
        sink.end_turn()

    def _close(self, sink: TextSink) -> None:
        if self.said:
            self.deduplicator.remember(self.position, self.said)
        self.position, self.said = "", Streamed()
        sink.close()
