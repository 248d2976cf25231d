"""OpenAI's Responses API: every text comes as deltas and then up to four times more."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content
from voicestream.workers.parser.readers.deduplication import Memory, Streamed, key_of
from voicestream.workers.parser.readers.reader import Narrator, Reader
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
    """What was said of it."""
    commentary: bool = False
    """The open item is not the turn's final answer."""
    memory: Memory = msgspec.field(default_factory=Memory)

    def read(self, line: bytes, narrator: Narrator) -> bool:
        """Read one event (see ``Reader``)."""
        kind = _PROBE.decode(line)
        if kind.type not in _READ and kind.object_type != "response":
            return kind.type.startswith("response.")
        found = _DECODER.decode(line)
        position = key_of(f"{found.item_id or found.output_index}/{found.content_index or 0}")
        match found.type:
            case "response.output_text.delta" | "response.refusal.delta":
                self._delta(position, found.delta or "", narrator)
            case "response.output_text.done" | "response.refusal.done":
                self._whole(position, found.text or found.refusal or "", narrator)
            case "response.output_item.added":
                self.commentary = found.item is not None and found.item.phase == "commentary"
            case "response.output_item.done":
                self._item(found.item, narrator)
            case "response.completed" | "response.incomplete":
                self._response(found.response.output if found.response else None, narrator)
            case "response.failed" | "error":
                narrator.close()
                error = found.response.error if found.response else None
                narrator.error(found.message or message_of(error) or message_of(msgspec.json.decode(line).get("error")))
            case _:
                self._response(found.output, narrator)
        return True

    def end(self, narrator: Narrator) -> None:
        """The input is over."""
        self._close(narrator)
        narrator.end_turn()

    def _delta(self, position: str, text: str, narrator: Narrator) -> None:
        if position != self.position:
            self._close(narrator)
            self.position = position
        self.said.add(text)
        narrator.say(text)

    def _whole(self, position: str, text: str, narrator: Narrator) -> None:
        if position == self.position and self.said:
            rest = self.said.rest_of(text)
            narrator.say(rest or "")
            self.said = Streamed.of(text)
            self._close(narrator)
        elif not self.memory.knows(position):
            self._close(narrator)
            self.memory.remember(position, text)
            narrator.say_message(text)

    def _item(self, item: _Item | None, narrator: Narrator) -> None:
        if item is None or item.type != "message" or item.role not in (None, "assistant"):
            if item is not None and item.type.endswith("_call"):
                narrator.interim()
            return
        for index, part in enumerate(item.content or []):
            if part.type in ("output_text", "refusal"):
                self._whole(key_of(f"{item.id}/{index}"), part.text or part.refusal or "", narrator)
        if item.phase == "commentary" or self.commentary:
            narrator.interim()

    def _response(self, output: list[_Item] | None, narrator: Narrator) -> None:
        for item in output or []:
            if item.type == "message":
                self._item(item, narrator)
        self._close(narrator)
        narrator.end_turn()

    def _close(self, narrator: Narrator) -> None:
        if self.said:
            self.memory.remember(self.position, self.said)
        self.position, self.said = "", Streamed()
        narrator.close()
