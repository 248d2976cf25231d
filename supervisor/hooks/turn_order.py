"""Order and deduplication of an agent's hook events, which come from many processes. Sans-I/O.

An agent starts a process for every event, and they overtake each other. Pieces of a message carry its id and their
index, so they are put in order here. ``Stop`` carries the whole last message: it completes what was lost, and adds
nothing if all pieces came. A message waits for the one before it. A missing piece is waited for ``PATIENCE_SECONDS``.

Two sources may report the same message, each with ids of its own: ``MessageDisplay``, paragraph by paragraph, and
``MessageStream``, while a paragraph is written. They are matched by their text (``message``).

``Progress`` is the part of the state that outlives the supervisor. It has no text: ids, lengths and checksums only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import field

from voicestream.records import FrozenRecord, Record
from voicestream.supervisor.hooks import message as matching
from voicestream.supervisor.hooks import text_match
from voicestream.supervisor.hooks.message import Message, Piece, Track
from voicestream.supervisor.hooks.received import Received

if TYPE_CHECKING:
    from voicestream.supervisor.hooks.events import HookEvent
    from voicestream.supervisor.hooks.message import Source

PATIENCE_SECONDS: Final = 2.0
"""Seconds to wait for a missing piece. Processes of one agent overtake each other by some milliseconds."""

MAX_MESSAGES: Final = 64
"""Messages of a turn that are remembered."""

MAX_TURNS: Final = 16
"""Earlier turns whose late events are recognized."""


class Text(FrozenRecord, frozen=True):
    """Next piece of a message."""

    message: str
    text: str
    final: bool


class TurnEnd(FrozenRecord, frozen=True):
    """The agent has finished a turn."""


class NewPrompt(FrozenRecord, frozen=True):
    """The user has submitted a prompt: earlier text is old."""


Output = Text | TurnEnd | NewPrompt


class Progress(msgspec.Struct):
    """Progress of the present turn."""

    turn: str = ""
    earlier: list[str] = []
    """Ids of earlier turns, the newest last."""
    earlier_streams: list[str] = []
    """Ids of the last messages of earlier turns in their streams."""
    messages: list[Message] = []
    stops: int = 0
    """Messages of which only ``Stop`` is known."""


class TurnOrder(Record):
    """Order of the events of one agent session; the methods return what is to be spoken next."""

    progress: Progress = field(default_factory=Progress)
    _received: Received = field(default_factory=Received)
    _restored: set[str] = field(default_factory=set[str])
    """Messages of a predecessor, whose text is unknown."""
    _whole: str = ""
    """Text of ``Stop`` that was not compared yet."""
    _ends_turn: bool = False
    _waiting_since: float | None = None

    def __post_init__(self) -> None:
        # Pieces of a message that was not begun are lost with the predecessor.
        begun = [message for message in self.progress.messages if message.spoken.characters or message.ended]
        self.progress.messages = begun
        self._restored = {message.id for message in begun}

    @property
    def due(self) -> float | None:
        """Time at which a missing piece is given up; None: none is missing."""
        return None if self._waiting_since is None else self._waiting_since + PATIENCE_SECONDS

    def piece(self, event: HookEvent, now: float) -> list[Output]:
        """Take a piece of a message: displayed (``MessageDisplay``), or being written (``MessageStream``)."""
        key = event.message_id or "0"
        if event.hook_event_name == "MessageStream":
            if key in self.progress.earlier_streams:
                return []
            self._take("stream", key, event)  # its turns have other ids: it belongs to the present one
            return self._release(now)
        if self._is_late(event.turn):
            return []
        outputs = self._enter(event.turn)
        self._take("display", key, event)
        return [*outputs, *self._release(now)]

    def stop(self, event: HookEvent, now: float) -> list[Output]:
        """Take the end of a turn (``Stop``), which may complete the last message."""
        if self._is_late(event.turn):
            return []
        outputs = self._enter(event.turn)
        whole = event.last_assistant_message or ""
        if whole.strip():
            self._whole = whole
        self._ends_turn = True
        return [*outputs, *self._release(now)]

    def prompt(self, event: HookEvent) -> list[Output]:
        """Take a prompt of the user; a copy, and one whose answer has begun, change nothing."""
        if event.turn and (event.turn == self.progress.turn or event.turn in self.progress.earlier):
            return []
        outputs = self._leave()
        self.progress.turn = event.turn
        return [*outputs, NewPrompt()]

    def flush(self) -> list[Output]:
        """End the turn: nothing that is missing is waited for."""
        return self._leave()

    def expire(self, now: float) -> list[Output]:
        """Give up a missing piece once its time has come."""
        if self.due is None or now < self.due:
            return []
        self._give_up()
        self._waiting_since = None
        return self._release(now)

    def _is_late(self, turn: str) -> bool:
        return turn != self.progress.turn and turn in self.progress.earlier

    def _enter(self, turn: str) -> list[Output]:
        """Begin another turn if ``turn`` is not the present one; an event without an id belongs to the present one."""
        progress = self.progress
        if turn in ("", progress.turn):
            return []
        # A turn of which only the stream is known has no id yet.
        is_streamed = self._received.loose or any(message.stream is not None for message in progress.messages)
        outputs = [] if is_streamed and not progress.turn else self._leave()
        progress.turn = turn
        return outputs

    def _leave(self) -> list[Output]:
        """End the present turn, with all pieces that wait for missing ones."""
        outputs = self._release(0.0)
        while self._whole or self._received.loose or any(not message.ended for message in self.progress.messages):
            self._give_up()
            outputs += self._release(0.0)
        progress = self.progress
        if progress.messages and not (outputs and isinstance(outputs[-1], TurnEnd)):
            outputs.append(TurnEnd())
        if progress.turn:
            progress.earlier = [*progress.earlier[1 - MAX_TURNS :], progress.turn]
        streams = [message.stream.key for message in progress.messages if message.stream]
        progress.earlier_streams = [*progress.earlier_streams, *streams][-MAX_TURNS:]
        progress.turn, progress.messages = "", []
        self._received = Received()
        self._restored.clear()
        self._waiting_since = None
        return outputs

    def _take(self, source: Source, key: str, event: HookEvent) -> None:
        """Keep a piece until its predecessors are known."""
        found = next(
            (one for one in self.progress.messages if (track := one.track_of(source)) and track.key == key), None
        )
        track = found.track_of(source) if found else None
        index = (track.next if track else 0) if event.index is None else event.index
        whole = event.last_assistant_message if source == "stream" and event.final else None
        if track and (track.dropped or index < track.next):
            if found and track.dropped and whole:
                self._received.whole[found.id] = whole
            return
        self._received.add(source, key, index, Piece(event.delta, event.final))
        first = track.next if track else 0
        if whole and not self._received.is_complete(source, key, first, index):
            text = text_match.compact(whole)
            if found and matching.agrees(found, text, final=True, known=self._known(found)):
                self._received.whole[found.id] = whole
            else:
                self._received.replace(source, key, Piece(whole, final=True))
                if found:
                    found.set_track(source, None)
                    self._received.refused.add((key, found.id))
                track = None
        if track is None:
            self._received.loose.setdefault((source, key))
            self._assign()

    def _assign(self) -> None:
        """Find the message of each track whose beginning is known; it is a new one if the text fits to none.

        The messages of one source begin in the order of their first pieces.
        """
        blocked: set[Source] = set()
        for source, key in list(self._received.loose):
            text, final = self._received.beginning(source, key)
            is_found = bool(text) and self._assign_one(source, key, text, final=final)
            if text and not is_found and source not in blocked:
                self._add(key, source, Track(key))
                is_found = True
            if is_found or (final and not text):
                del self._received.loose[source, key]
            else:
                blocked.add(source)

    def _assign_one(self, source: Source, key: str, text: str, *, final: bool) -> bool:
        """Find the message of a track among those that are known; False if there is none."""
        for message in self.progress.messages:
            if message.track_of(source) is not None or (key, message.id) in self._received.refused:
                continue
            if matching.agrees(message, text, final=final, known=self._known(message)):
                message.set_track(source, Track(key, dropped=message.gap_at is not None))
                return True
        return False

    def _add(self, name: str, source: Source | None = None, track: Track | None = None) -> Message:
        names = {message.id for message in self.progress.messages}
        message = Message(name if name not in names else f"{name}-{len(names)}")
        if source is not None:
            message.set_track(source, track)
        self.progress.messages = [*self.progress.messages[1 - MAX_MESSAGES :], message]
        return message

    def _known(self, message: Message) -> str | None:
        """Return the text of a message that is known so far, without white space; None if only its length is."""
        if message.id in self._restored:
            return None
        said = self._received.said.get(message.id, "")
        return said or self._received.ahead(message)

    def _complete(self) -> None:
        """Add what is missing of the last message; messages whose beginning is missing come first."""
        whole, shown = self._whole, text_match.compact(self._whole)
        for message in reversed(self.progress.messages):
            is_last = message is self.progress.messages[-1]
            if matching.is_whole(message, whole, known=self._known(message), is_last=is_last):
                self._whole = ""
                if not message.ended:
                    self._received.whole.setdefault(message.id, whole)
                return
        for source, key in self._received.loose:
            if self._received.is_within(source, key, shown):
                self._whole = ""
                self._received.replace(source, key, Piece(whole, final=True))
                self._assign()
                return
        if not self._received.loose:
            self._whole = ""
            self.progress.stops += 1
            message = self._add(f"stop-{self.progress.stops}")
            self._received.whole[message.id] = whole

    def _release(self, now: float) -> list[Output]:
        """Return all pieces whose predecessors are known, in order."""
        outputs: list[Output] = []
        while self._advance(outputs):
            self._assign()
        if self._whole:
            self._complete()
            self._advance(outputs)
        unfinished = [message for message in self.progress.messages if not message.ended]
        if self._ends_turn and not (unfinished or self._received.loose or self._whole):
            self._ends_turn = False
            outputs.append(TurnEnd())
        is_waiting = self._ends_turn or self._received.is_waiting or len(unfinished) > 1
        if not is_waiting:
            self._waiting_since = None
        elif self._waiting_since is None or outputs:
            self._waiting_since = now
        return outputs

    def _advance(self, outputs: list[Output]) -> bool:
        """Append what is new of the present message; return True if a track has lost its message."""
        for message in self.progress.messages:
            for source in ("stream", "display"):
                track = message.track_of(source)
                while track and not track.dropped and (piece := self._received.take(source, track)):
                    was_ended = message.ended
                    said = None if message.id in self._restored else self._received.said.get(message.id, "")
                    new = matching.advance(message, track, piece, said)
                    if new is None:
                        self._part(message, source, track)
                        return True
                    if not was_ended:
                        self._put(outputs, message, new)
            whole = self._received.whole.pop(message.id, None)
            if whole is not None and not message.ended:
                is_known = message.gap_at is not None or self._was_said_before(message, whole)
                rest = "" if is_known else message.spoken.rest_of(whole) or ""
                message.spoken.add(rest)
                message.ended = True
                self._put(outputs, message, rest)
            if not message.ended:
                break
            self._clear(message)
        return False

    def _was_said_before(self, message: Message, whole: str) -> bool:
        """Return whether a text of which only ``Stop`` is known is the end of the message before."""
        if message.spoken.characters or message.display or message.stream:
            return False
        at = self.progress.messages.index(message)
        before = self._received.said.get(self.progress.messages[at - 1].id, "") if at else ""
        return before.endswith(text_match.compact(whole))

    def _clear(self, message: Message) -> None:
        """Ignore pieces of a message that has ended if one before them is missing."""
        for source in ("stream", "display"):
            track = message.track_of(source)
            if track is not None and self._received.is_void(source, track.key):
                track.dropped = True
                self._received.drop(source, track.key)

    def _put(self, outputs: list[Output], message: Message, text: str) -> None:
        """Append a piece to what is spoken; white space that two sources have counts once."""
        received = self._received
        if not text.strip() and received.ends_blank(message.id):
            text = ""
        received.say(message.id, text)
        if received.is_full:
            self._restored |= received.said.keys()
            received.forget()
        if text or (message.ended and message.spoken.characters):
            outputs.append(Text(message.id, text, message.ended))

    def _part(self, message: Message, source: Source, track: Track) -> None:
        """Take a track off a message whose text is another one."""
        message.set_track(source, None)
        self._received.refused.add((track.key, message.id))
        self._received.restore(source, track)
        self._received.loose.setdefault((source, track.key))

    def _give_up(self) -> None:
        """Skip what is missing: a piece, the beginning of a message, or its end."""
        unfinished = [one for one in self.progress.messages if not one.ended]
        if self._received.loose:
            self._give_up_beginning()
            self._assign()
            return
        if not unfinished:
            return
        message = unfinished[0]
        has_pending = False
        for source in ("stream", "display"):
            track = message.track_of(source)
            if track is None or not self._received.first(source, track.key):
                continue
            has_pending = True
            self._skip(message, source, track)
        if not has_pending:
            message.ended = True
            message.gap_at = message.spoken.characters

    def _skip(self, message: Message, source: Source, track: Track) -> None:
        """Continue a track behind a missing piece, or ignore it if the other source has that text, or will have it."""
        other = message.display if source == "stream" else message.stream
        has_other = other is not None and not other.dropped
        if source == "stream" or has_other or track.shown.characters < message.spoken.characters:
            track.dropped = True
            self._received.drop(source, track.key)
            return
        track.next = self._received.first_index(source, track.key)
        track.shown = msgspec.structs.replace(message.spoken)
        message.gap_at = message.spoken.characters

    def _give_up_beginning(self) -> None:
        """Begin the track whose first piece is missing, unless another source may have its text."""
        source, key = next(iter(self._received.loose))
        del self._received.loose[source, key]
        piece = self._received.first(source, key)
        shown = text_match.compact(piece.text) if piece else ""
        others = [one for one in self.progress.messages if one.track_of(source) is None]
        is_known = any(not one.ended or shown in (self._known(one) or "") for one in others)
        if source == "stream" or is_known or self._restored:
            self._received.drop(source, key)
            return
        first = self._received.first_index(source, key)
        self._add(key, source, Track(key, next=first)).gap_at = 0
