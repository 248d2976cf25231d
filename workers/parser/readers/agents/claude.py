"""Claude Code: ``--output-format stream-json`` with and without partial messages, ``json``, and transcript files.

Qwen Code prints the same shapes. A bare ``{"content": […]}`` is read as one message. Every text may come three times:
as deltas, as the ``assistant`` line (which comes *before* the block's stop) and in the ``result`` line.
"""

from __future__ import annotations

from typing import ClassVar, Final, cast

import msgspec

from voicestream.workers.parser.readers.blocks import Block, Content, calls_tool, texts
from voicestream.workers.parser.readers.deduplication import (
    LONGEST_KEY,
    MOST_RECENT,
    Deduplicator,
    Replays,
    Streamed,
    key_of,
)
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of
from voicestream.workers.text.word_set import word_set


class _Message(msgspec.Struct, gc=False):
    id: str | None = None
    model: str | None = None
    content: Content = None
    parts: object = None
    """Not Claude Code's: see ``ChatFileReader``."""


class _Delta(msgspec.Struct, gc=False):
    type: str = ""
    text: str = ""
    stop_reason: str | None = None


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    message: _Message | None = None
    content_block: Block | None = None
    delta: _Delta | None = None
    error: object = None


class _Line(msgspec.Struct, rename="camel", gc=False):
    """Only the fields that decide what is spoken; msgspec passes over the rest without building it."""

    type: str = ""
    subtype: str | None = None
    message: _Message | str | None = None
    content: Content = None
    role: str | None = None
    timestamp_ms: float | None = msgspec.field(default=None, name="timestamp_ms")
    parent_tool_use_id: str | None = msgspec.field(default=None, name="parent_tool_use_id")
    is_sidechain: bool | None = None
    is_meta: bool | None = None
    is_api_error_message: bool | None = None
    error: object = None
    aborted: bool | None = None
    is_error: bool | None = msgspec.field(default=None, name="is_error")
    result: object = None
    errors: object = None


class _EventLine(msgspec.Struct, gc=False):
    """A line of the type ``stream_event``, as most lines are; it takes half the time of ``_Line``."""

    event: _Event | None = None
    parent_tool_use_id: str | None = None
    abandoned_blocks: object = None


class _Stamp(msgspec.Struct, gc=False):
    uuid: str | None = None
    timestamp: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_EVENT_DECODER: Final = msgspec.json.Decoder(_EventLine)
_EVENT_PREFIX: Final = b'{"type":"stream_event",'
_STAMP_DECODER: Final = msgspec.json.Decoder(_Stamp)
_SYNTHETIC: Final = "<synthetic>"
_CARRYING: Final = frozenset(",;-(，、/")
_PLACEHOLDERS: Final = frozenset({"No response requested.", "(no content)"})
_TYPES: Final = word_set(
    """
    system user rate_limit_event tool_progress tool_use_summary auth_status prompt_suggestion conversation_reset
    control_request control_response control_cancel_request keep_alive transcript_mirror summary
    file-history-snapshot progress queue-operation attachment last-prompt mode permission-mode ai-title
    """
)
"""Lines that are part of the format and silent."""
_REASONS: Final = {
    "error_max_turns": "Reached the maximum number of turns",
    "error_max_budget_usd": "Reached the maximum budget",
    "error_during_execution": "The run was broken off",
    "error_max_structured_output_retries": "No answer in the required form",
}


def _breaks_off(text: str) -> bool:
    """Return whether a text ends inside a sentence."""
    last = text.rstrip()[-1:]
    return last.isalnum() or last in _CARRYING


class ClaudeReader(Reader):
    """Reads Claude Code."""

    ignored_prefixes: ClassVar[tuple[bytes, ...]] = (
        b'{"type":"user",',
        b'{"type":"system",',
        b'{"type":"rate_limit_event",',
        b'{"type":"tool_progress",',
        b'{"type":"prompt_suggestion",',
        b'{"type":"file-history-snapshot",',
        b'{"type":"queue-operation",',
    )

    streaming: str | None = None
    """Id of the message that comes in pieces."""
    in_text: bool = False
    """A text block is open."""
    streamed: Streamed = msgspec.field(default_factory=Streamed)
    """The text of it that came."""
    copied: bool = False
    """Its whole text came too: what still comes of it is known."""
    ended: bool = False
    """The open block has ended, but its whole text has not come: the next line tells whether it was given up."""
    deduplicator: Deduplicator = msgspec.field(default_factory=Deduplicator)
    last: str | None = None
    """Id of the message that was said last."""
    growing: str | None = None
    """Id of a whole message that broke off inside a sentence: its next line may go on with it."""
    grown: Streamed = msgspec.field(default_factory=Streamed)
    """The text of it that came."""
    replays: Replays = msgspec.field(default_factory=Replays)

    def read(self, line: bytes, sink: TextSink) -> bool:  # noqa: C901 - one question after another
        """Read one line (see ``Reader``)."""
        if line.startswith(_EVENT_PREFIX):
            self._event_line(_EVENT_DECODER.decode(line), sink)
            return True
        found = _DECODER.decode(line)
        kind = found.type
        if self.growing is not None and not self._goes_on(found):
            self._end_growing(sink)
        if self.ended:
            self._stop(sink)
        if kind == "stream_event":
            self._event_line(_EVENT_DECODER.decode(line), sink)
        elif kind == "assistant":
            message = found.message
            if found.timestamp_ms is not None or (message is None and found.content is not None):
                return False  # Cursor's, Grok's
            if isinstance(message, _Message) and message.content is None and message.parts is not None:
                return False  # Qwen Code's chat file
            self._assistant(found, line, sink)
        elif kind == "result" and found.subtype is not None:
            self._result(found, sink)
        elif kind == "":
            if found.content is None or found.role is not None:
                return False
            for text in texts(found.content):
                sink.say_message(text)
        else:
            return kind in _TYPES
        return True

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        self._end_growing(sink)
        self._stop(sink)
        sink.end_turn()

    def _event_line(self, line: _EventLine, sink: TextSink) -> None:
        if self.growing is not None:
            self._end_growing(sink)
        if self.ended and line.abandoned_blocks is None:
            self._stop(sink)
        event = line.event
        if event is None or line.parent_tool_use_id is not None:
            return
        if event.type == "content_block_delta":
            self._delta(event.delta, sink)
        elif line.abandoned_blocks is not None:
            self._give_up(sink)
        else:
            self._event(event, sink)

    def _delta(self, delta: _Delta | None, sink: TextSink) -> None:
        if self.in_text and not self.copied and delta is not None and delta.type == "text_delta":
            streamed = self.streamed
            streamed.recent += delta.text
            if len(streamed.recent) > MOST_RECENT:
                streamed.fold()
            sink.say(delta.text)

    def _event(self, event: _Event, sink: TextSink) -> None:  # noqa: C901 - a table of events
        match event.type:
            case "content_block_start":
                self._stop(sink)
                block = event.content_block
                self.in_text = block is not None and block.type == "text"
                if self.in_text and block is not None and block.text:
                    self.streamed.add(block.text)
                    sink.say(block.text)
            case "content_block_stop":
                self.ended = self.in_text and not self.copied
                if not self.ended:
                    self._stop(sink)
            case "message_stop":
                self._stop(sink)
            case "message_start":
                if self.in_text and not self.copied:
                    self._give_up(sink)
                self._forget_block()
                self.streaming = key_of(event.message.id) if event.message and event.message.id is not None else None
            case "message_delta":
                reason = event.delta.stop_reason if event.delta else None
                if reason == "tool_use":
                    sink.interim()
                elif reason is not None:
                    self._stop(sink)
                    sink.end_turn() if reason == "end_turn" else None
            case "error":
                sink.error(message_of(event.error))
            case _:
                pass

    def _stop(self, sink: TextSink) -> None:
        """The open block is over."""
        if self.in_text and not self.copied and self.streamed:
            self.deduplicator.remember(self.streaming or "", self.streamed)
            self.last = self.streaming
            sink.close()
        self._forget_block()

    def _give_up(self, sink: TextSink) -> None:
        """The connection broke, and the agent will ask again: the answer begins anew, mostly with the same words."""
        sink.discard()
        self._forget_block()

    def _forget_block(self) -> None:
        self.in_text, self.streamed, self.copied, self.ended = False, Streamed(), False, False

    def _is_replay(self, raw: bytes) -> bool:
        """Return whether a line was read before: transcripts are written again after compaction and resume."""
        if b'"timestamp"' not in raw:
            return False
        stamp = _STAMP_DECODER.decode(raw)
        return bool(stamp.uuid and stamp.timestamp) and self.replays.is_replay(stamp.uuid, stamp.timestamp)

    def _assistant(self, line: _Line, raw: bytes, sink: TextSink) -> None:
        message = line.message
        if not isinstance(message, _Message) or line.parent_tool_use_id or line.is_sidechain or line.is_meta:
            return
        whole = texts(message.content)
        if line.is_api_error_message or line.error or message.model == _SYNTHETIC:
            self._stop(sink)
            for text in whole:
                if text not in _PLACEHOLDERS:
                    sink.error(text)
            return
        if whole and self._is_replay(raw):
            return
        identifier = message.id
        if identifier is not None and len(identifier) > LONGEST_KEY:
            identifier = key_of(identifier)
        for text in whole:
            self._copy(identifier, text, sink, truncated=bool(line.aborted))
        if calls_tool(message.content):
            self._end_growing(sink)
            if self.last == identifier:
                sink.interim()

    def _copy(self, identifier: str | None, text: str, sink: TextSink, *, truncated: bool) -> None:
        """A whole text: say what of it has not been said."""
        rest: str | None = text
        is_open = self.in_text and identifier in (self.streaming, None) and bool(self.streamed)
        if is_open:
            rest = "" if self.copied else self.streamed.rest_of(text)
            if rest is not None and not self.copied:
                self.copied = True
                sink.say(rest)
                sink.close(truncated=truncated)
                self._remember(identifier or self.streaming, text)
                return
        elif identifier is not None:
            rest = self.deduplicator.remaining(identifier, text)
        if rest and identifier is not None and not truncated and (self.growing is not None or _breaks_off(text)):
            self._grow(identifier, text, rest, sink)
        elif rest:
            sink.say_message(rest, truncated=truncated)
            self._remember(identifier, text)

    def _goes_on(self, line: _Line) -> bool:
        """Return whether a line is of the message that broke off."""
        message = line.message
        return line.type == "assistant" and isinstance(message, _Message) and message.id == self.growing

    def _grow(self, identifier: str, text: str, rest: str, sink: TextSink) -> None:
        """Say a whole text that breaks off inside a sentence, or the next part of one; it stays open."""
        if self.growing is not None:
            is_word = self.grown.recent[-1:].isalpha()
            longer = self.grown.rest_of(text)
            if longer is None and text[0].isupper() and is_word:
                self._end_growing(sink)
            elif longer is not None:
                rest, self.grown = longer, Streamed()
        self.grown.add(text)
        self.growing = identifier
        sink.say(rest)
        if not _breaks_off(text):
            self._end_growing(sink)

    def _end_growing(self, sink: TextSink) -> None:
        if self.growing is None:
            return
        self.deduplicator.remember(self.growing, self.grown)
        self.last = self.growing
        sink.close()
        self.growing, self.grown = None, Streamed()

    def _remember(self, identifier: str | None, text: str) -> None:
        self.deduplicator.remember(identifier or "", text)
        self.last = identifier

    def _result(self, line: _Line, sink: TextSink) -> None:
        self._stop(sink)
        subtype = line.subtype or ""
        if line.is_error or subtype.startswith("error"):
            many = isinstance(line.errors, list)
            errors = cast("list[object]", line.errors) if many else [line.errors or line.result]
            said = [text for text in map(message_of, errors) if text]
            for text in said or [_REASONS.get(subtype, subtype.replace("_", " ") or "The run failed")]:
                sink.error(text)
        elif isinstance(line.result, str) and not self.deduplicator.report(line.result) and not sink.spoke:
            sink.say_message(line.result)
            self._remember(None, line.result)
            self.deduplicator.report(line.result)
        sink.end_turn()
