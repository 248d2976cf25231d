"""The parser of one session: bytes in, sentences out.

No clock, no thread, no I/O: time enters only as ``pause()``. The same bytes and pauses give the same sentences with the
same ordinals however the bytes are cut, and a pipeline made from a checkpoint goes on exactly where the other stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.protocol.messages import MAX_STATE_BYTES
from voicestream.workers.parser.json_lines import (
    NOT_JSON,
    decoded,
    divided,
    is_chat_document,
    is_json,
    is_log,
    opens_object,
)
from voicestream.workers.parser.lines import LONGEST_LINE, LineBuffer
from voicestream.workers.parser.message_assembler import AssemblerState, MessageAssembler
from voicestream.workers.parser.readers import AnyReader
from voicestream.workers.parser.readers.detection import READERS, detect, looks_like_prose, name_of
from voicestream.workers.parser.readers.plain import PlainReader
from voicestream.workers.parser.results import Checkpoint, Found, Notice

if TYPE_CHECKING:
    from voicestream.protocol.messages import ParserOptions
    from voicestream.workers.parser.readers.reader import Reader

__all__ = ["Checkpoint", "Found", "Notice", "Pipeline"]

_NOISE_SHOWN: Final = 5
"""Lines of noise that are shown to the user; all further ones are only counted."""
_NOISE_LENGTH: Final = 200
"""Characters of a line of noise that are shown."""
_LINES_BEFORE_TEXT: Final = 3
"""Lines without JSON after which the input is taken for text: a banner or two may stand before a stream."""
_FOREIGN_TOLD: Final = 8
"""Lines of another format than the one that was named, after which the user is told."""
_LINES_HELD: Final = 100
"""Lines, blank ones included, after which it is taken for text all the same."""
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class _State(msgspec.Struct):
    """All that decides what comes out next, apart from the bytes from the checkpoint's offset on."""

    assembler: AssemblerState
    reader: AnyReader | None = None
    skipping: bool = False
    """The checkpoint lies within a line that is passed over."""
    noise: int = 0
    unknown: int = 0
    """Lines of JSON that no reader knows."""
    foreign: int = 0
    """Lines of another format than the one that was named."""
    fits: bool = False
    """A line of the format that is being read was known."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_State)


class Pipeline:
    """The parser of one session."""

    def __init__(self, options: ParserOptions, *, offset: int = 0, state: bytes = b"", found: int = 0) -> None:
        """Begin, or go on from a checkpoint.

        Args:
            options: how the session is read.
            offset: of the checkpoint.
            state: of the checkpoint.
            found: the next sentence gets at least this ordinal, so that no two ever have the same.
        """
        kept = _DECODER.decode(state) if state else None
        self._options = options
        self._assembler = MessageAssembler(options, kept.assembler if kept else None)
        self._assembler.state.found = max(self._assembler.state.found, found)
        self._state = kept or _State(self._assembler.state)
        self._forced = READERS.get(options.format)
        if self._forced is not None and self._state.reader is None:
            self._state.reader = self._forced()
        self._line = LineBuffer(skipping=self._state.skipping)
        self._held: list[bytes] = []
        """Lines that were read before it was clear whether this is text."""
        self._offset = offset
        """Of the first byte that is still needed."""
        self._pauses = 0
        """Since the last bytes. Not in a checkpoint: the input log tells the pauses behind one again."""
        self.received = offset
        """Bytes fed, counted from the start of the session."""

    @property
    def format(self) -> str:
        """The format that is read; empty while it is not known."""
        if self._forced is not None:
            return self._options.format
        reader = self._state.reader
        return name_of(type(reader)) if reader is not None else ""

    @property
    def found(self) -> int:
        """Sentences found so far, those of parsers before this one included."""
        return self._assembler.state.found

    @property
    def open_message(self) -> int | None:
        """Ordinal of the assistant message that is still being written."""
        return self._assembler.open_message

    def feed(self, data: bytes) -> list[Found | Notice]:
        """Read the next bytes."""
        self.received += len(data)
        if data:
            self._pauses = 0
        line, position = self._line.complete(data)
        if line is not None:
            self._read_line(line)
        if self._line.too_long:
            self._assembler.lost(f"a line of more than {LONGEST_LINE >> 20} MiB was left out")
            self._line.too_long = 0
        if position >= 0:
            position = self._read_lines(data, position)
            self._line.keep(data[position:])
        self._settle()
        return self.take()

    def pause(self) -> list[Found | Notice]:
        """Nothing came for 300 ms: give out what is certain enough.

        The second one in a row: nothing came for a second. Then plain text needs no stop to be a sentence.
        """
        self._pauses += 1
        is_long = self._pauses > 1
        self._read_unended()
        shown = [*self._held, self._line.peek()]
        if self._state.reader is None and looks_like_prose(shown, needs_stop=not is_long):
            self._take_for_text()
            self._settle()
        is_plain = isinstance(self._state.reader, PlainReader)
        self._assembler.pause(sure=is_plain, over=is_plain and is_long)
        return self.take()

    def end(self) -> list[Found | Notice]:
        """The input is over."""
        rest = self._line.peek()
        self._line.clear()
        if rest:
            self._read_line(rest, last=True)
        if self._state.reader is None and self._held:
            self._take_for_text()
        if self._state.reader is not None:
            self._state.reader.end(self._assembler)
        self._offset = self.received
        if self._state.noise > _NOISE_SHOWN:
            self._assembler.notice(f"{self._state.noise - _NOISE_SHOWN} further lines are not of the agent's stream")
        return self.take()

    def checkpoint(self) -> Checkpoint:
        """From where another pipeline can go on.

        Every part of the state has a limit of its own, so all of it stays far below ``MAX_STATE_BYTES``. If it does
        not, what is open is given up and ``take`` tells so: a parser whose state cannot be kept would be killed.
        """
        self._state.skipping = self._line.skipping
        state = _ENCODER.encode(self._state)
        if len(state) > MAX_STATE_BYTES:
            reader = self._state.reader
            self._state.reader = type(reader)() if reader is not None else None
            self._state.assembler = self._assembler.give_up(f"the state of the parser grew to {len(state)} bytes")
            state = _ENCODER.encode(self._state)
        return Checkpoint(self._offset, state)

    def take(self) -> list[Found | Notice]:
        """All that was found since something was taken last."""
        out, self._assembler.out = self._assembler.out, []
        return out

    # --- lines -------------------------------------------------------------------------------------------------------

    def _read_lines(self, data: bytes, position: int) -> int:
        """Read all lines that end in ``data``; returns the index behind the last of them."""
        find, startswith = data.find, data.startswith
        assembler = self._assembler
        ignored = self._ignored_prefixes()
        reader = self._format_reader()
        while (end := find(b"\n", position)) >= 0:
            if not startswith(ignored, position):
                line = data[position:end]
                known = False
                if reader is not None and startswith(b"{", position):
                    # The usual case: a line of the format that is being read.
                    try:
                        known = reader.read(line, assembler)
                    except NOT_JSON:
                        known = False
                if known:
                    self._state.fits = True
                else:
                    self._read_line(line)
                    ignored = self._ignored_prefixes()
                    reader = self._format_reader()
            position = end + 1
        return position

    def _format_reader(self) -> Reader | None:
        """The reader of the agent's format; None while there is none, and for plain text."""
        reader = self._state.reader
        return None if isinstance(reader, PlainReader) else reader

    def _ignored_prefixes(self) -> tuple[bytes, ...]:
        return self._state.reader.ignored_prefixes if self._state.reader is not None else ()

    def _settle(self) -> None:
        """Deal with the line that has begun, and note from where on the input is still needed."""
        self._line.skip_if(self._ignored_prefixes())
        reader = self._state.reader
        if isinstance(reader, PlainReader) and self._line.size and (reader.in_line or self._line.is_text):
            part = self._line.peek()
            done = reader.read_part(part, self._assembler)
            if done:
                self._line.keep(part[done:])
        held = sum(map(len, self._held)) + len(self._held)
        self._offset = self.received - self._line.size - held

    def _read_unended(self) -> None:
        """Read an object that is whole and lacks only its line's end: its agent may hang now."""
        line = self._line.peek().strip(_BLANK)
        if isinstance(self._state.reader, PlainReader) or not (line.startswith(b"{") and line.endswith(b"}")):
            return
        if is_json(line):
            self._line.clear()
            self._read_line(line)
            self._settle()

    def _read_line(self, line: bytes, *, last: bool = False) -> None:
        """Read one line; ``last``: it may have been cut off."""
        reader = self._state.reader
        if isinstance(reader, PlainReader):
            if self._forced and line.startswith(b"{"):
                self._note_foreign(line)
            if reader.in_line or not line.startswith(b"{") or self._forced or not self._read_object(line, trial=True):
                reader.read(line, self._assembler)
            return
        shown = line.strip(_BLANK)
        if not shown:
            self._hold_blank(line)
            return
        if shown.startswith(b"data:"):
            self._read_data(shown[5:].strip())
        elif shown.startswith(b"{"):
            if not self._read_object(shown, trial=reader is None) and not self._read_divided(shown):
                self._hold_or_note(line, last=last)
        elif not (shown.startswith(b"[") and self._read_array(shown)) and not self._is_framing(shown):
            self._hold_or_note(line, last=last)

    def _hold_blank(self, line: bytes) -> None:
        """A blank line: part of what is held, if anything is."""
        if self._state.reader is None and self._held:
            self._held.append(line)
            if len(self._held) > _LINES_HELD:
                self._take_for_text()

    def _hold_or_note(self, line: bytes, *, last: bool) -> None:
        """A line that is not JSON: perhaps text, else noise."""
        shown = line.lstrip(_BLANK)
        if self._state.reader is not None or self._state.unknown or opens_object(shown):
            self._note_noise(line, "the input ends inside a line" if last and shown.startswith(b"{") else "")
            return
        self._held.append(line)
        if len(self._held) > 1 and is_chat_document(self._held):
            self._held = []
            self._note_unknown(b"{}")
            return
        prose = sum(1 for held in self._held if held.strip(_BLANK) and not is_log(held))
        if prose >= _LINES_BEFORE_TEXT or len(self._held) > _LINES_HELD:
            self._take_for_text()

    def _read_divided(self, line: bytes) -> bool:
        """Read several objects in one line."""
        objects = divided(line)
        for each in objects:
            self._read_object(each)
        return bool(objects)

    def _note_noise(self, line: bytes, reason: str = "") -> None:
        self._state.noise += 1
        if self._forced is not None:
            self._note_foreign(line)
        if self._state.noise <= _NOISE_SHOWN:
            text = line.decode("utf-8", "replace").strip()
            self._assembler.notice((reason or "not of the agent's stream") + ": " + text[:_NOISE_LENGTH])

    def _take_for_text(self) -> None:
        reader = PlainReader()
        self._state.reader = reader
        held, self._held = self._held, []
        for line in held:
            reader.read(line.removeprefix(_BOM), self._assembler)

    def _is_framing(self, line: bytes) -> bool:
        """Return whether a line belongs to the framing of server-sent events."""
        return line.startswith((b"event:", b"id:", b"retry:", b":")) and not self._held

    def _read_data(self, payload: bytes) -> None:
        """The payload of one server-sent event."""
        if payload == b"[DONE]":
            self._assembler.end_turn()
        elif payload.startswith(b"{"):
            self._read_object(payload)
        elif self._state.reader is None:
            self._hold_or_note(b"data: " + payload, last=False)

    def _read_array(self, line: bytes) -> bool:
        """A JSON array of objects in one line: every element as if it were a line."""
        try:
            elements = msgspec.json.decode(line, type=list[msgspec.Raw])
        except NOT_JSON:
            return False
        objects = [bytes(element) for element in elements if bytes(element).startswith(b"{")]
        if not objects or (self._state.reader is None and not any(self._known(element) for element in objects)):
            return False
        for element in objects:
            self._read_object(element)
        return True

    def _known(self, line: bytes) -> bool:
        return decoded(detect, line) is not None

    def _read_object(self, line: bytes, *, trial: bool = False) -> bool:
        """Read a line that holds a JSON object; False when it is no JSON, or with ``trial`` of no known format."""
        reader = self._state.reader
        if reader is not None and not isinstance(reader, PlainReader):
            read = decoded(lambda text: reader.read(text, self._assembler), line)
            if read is None and not is_json(line):
                return False
            if read:
                self._state.fits = True
                return True
            if self._forced is not None:
                self._note_foreign(line)
                return True
        kind = decoded(detect, line)
        if kind is None or (reader is not None and type(reader) is kind):
            if trial and reader is not None:
                return False
            return self._note_unknown(line)
        self._switch(kind, line)
        return True

    def _switch(self, kind: type[Reader], line: bytes) -> None:
        """A line of another format has come."""
        old = self._state.reader
        if old is not None:
            old.end(self._assembler)
        for held in self._held:
            if held.strip(_BLANK):
                self._note_noise(held)
        self._held = []
        new = kind()
        self._state.reader = new  # type: ignore[assignment]
        decoded(lambda text: new.read(text, self._assembler), line)

    def _note_unknown(self, line: bytes) -> bool:
        if not is_json(line):
            return False
        self._state.unknown += 1
        if self._state.unknown == 1 and self._state.reader is None:
            self._assembler.notice("this is JSON of a kind voicestream does not know; it stays silent (see --format)")
        return True

    def _note_foreign(self, line: bytes) -> None:
        """Tell, once, that the format that was named is probably not the one that is read."""
        kind = decoded(detect, line) if line.startswith(b"{") else None
        # A line of no known format may be a new kind of the named one, if others were read; in a text it is text.
        if kind is self._forced or (kind is None and (self._state.fits or self._forced is PlainReader)):
            return
        self._state.foreign += 1
        if self._state.foreign == _FOREIGN_TOLD:
            named = self._options.format
            if kind is None:
                found = f"none of the first {_FOREIGN_TOLD} lines is in the format {named}"
            else:
                found = f"these lines look like {name_of(kind)}, not {named}"
            self._assembler.notice(f"{found}\nTry: --format auto")
