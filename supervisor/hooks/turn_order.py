"""Order and deduplication of an agent's hook events, which come from many processes. Sans-I/O.

An agent starts a process for every event, and they overtake each other. Pieces of a message carry its id and their
index, so they are put in order here. ``Stop`` carries the whole last message: it completes what was lost, and adds
nothing if all pieces came. A message waits for the one before it. A missing piece is waited for ``PATIENCE_SECONDS``.

``Progress`` is the part of the state that outlives the supervisor. It has no text: ids, lengths and checksums only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import field

from voicestream.records import FrozenRecord, Record
from voicestream.supervisor.hooks import text_match
from voicestream.supervisor.hooks.text_match import Spoken

if TYPE_CHECKING:
    from voicestream.supervisor.hooks.events import HookEvent

PATIENCE_SECONDS: Final = 2.0
"""Seconds to wait for a missing piece. Processes of one agent overtake each other by some milliseconds."""

MAX_MESSAGES: Final = 64
"""Messages of a turn that are remembered."""

MAX_TURNS: Final = 16
"""Earlier turns whose late events are recognized."""

MAX_PENDING: Final = 1000
"""Pieces of one session that wait for a missing one."""


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


class Message(msgspec.Struct):
    """Progress of one message."""

    id: str
    next: int = 0
    """Index of the next piece."""
    spoken: Spoken = msgspec.field(default_factory=Spoken)
    sealed: bool = False
    """True if ``Stop`` has completed it: its late pieces are copies."""
    ended: bool = False
    """True if nothing of it follows."""
    torn: bool = False
    """True if a missing piece was given up."""


class Progress(msgspec.Struct):
    """Progress of the present turn."""

    turn: str = ""
    earlier: list[str] = []
    """Ids of earlier turns, the newest last."""
    messages: list[Message] = []
    stops: int = 0
    """Messages of which only ``Stop`` is known."""


class _Piece(FrozenRecord, frozen=True):
    text: str
    final: bool


class TurnOrder(Record):
    """Order of the events of one agent session; the methods return what is to be spoken next."""

    progress: Progress = field(default_factory=Progress)
    _pending: dict[str, dict[int, _Piece]] = field(default_factory=dict[str, dict[int, _Piece]])
    """Pieces that came too early, by message and index."""
    _whole: dict[str, str] = field(default_factory=dict[str, str])
    """White space removed: texts of ``Stop`` whose pieces were not seen, by message."""
    _ends_turn: bool = False
    _waiting_since: float | None = None

    @property
    def due(self) -> float | None:
        """Time at which a missing piece is given up; None: none is missing."""
        return None if self._waiting_since is None else self._waiting_since + PATIENCE_SECONDS

    def piece(self, event: HookEvent, now: float) -> list[Output]:
        """Take a piece of a message (``MessageDisplay``)."""
        if event.turn != self.progress.turn and event.turn in self.progress.earlier:
            return []
        outputs = self._enter(event.turn)
        name = event.message_id or "0"
        message = self._message(name)
        if message is None:
            message = self._add(name)
            message.sealed = message.ended = self._is_known(event.delta)
        index = message.next if event.index is None else event.index
        pending = self._pending.setdefault(name, {})
        is_new = not (message.ended or message.sealed) and index >= message.next and index not in pending
        if is_new and sum(map(len, self._pending.values())) < MAX_PENDING:
            pending[index] = _Piece(event.delta, event.final)
        return [*outputs, *self._release(now)]

    def stop(self, event: HookEvent, now: float) -> list[Output]:
        """Take the end of a turn (``Stop``), which may complete the last message."""
        if event.turn != self.progress.turn and event.turn in self.progress.earlier:
            return []
        outputs = self._enter(event.turn)
        whole = event.last_assistant_message or ""
        if whole.strip():
            self._complete(whole)
        self._ends_turn = True
        return [*outputs, *self._release(now)]

    def prompt(self, event: HookEvent) -> list[Output]:
        """Take a prompt of the user; a copy, and one whose answer has begun, change nothing."""
        if event.turn and (event.turn == self.progress.turn or event.turn in self.progress.earlier):
            return []
        outputs = self._enter(event.turn) if event.turn else self._leave()
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

    def _enter(self, turn: str) -> list[Output]:
        """Begin another turn if ``turn`` is not the present one."""
        if turn == self.progress.turn:
            return []
        outputs = self._leave()
        self.progress.turn = turn
        return outputs

    def _leave(self) -> list[Output]:
        """End the present turn, with all pieces that wait for missing ones."""
        outputs = self._release(0.0)
        while any(not message.ended for message in self.progress.messages):
            self._give_up()
            outputs += self._release(0.0)
        if self.progress.messages and not (outputs and isinstance(outputs[-1], TurnEnd)):
            outputs.append(TurnEnd())
        if self.progress.turn:
            self.progress.earlier = [*self.progress.earlier[1 - MAX_TURNS :], self.progress.turn]
        self.progress.turn, self.progress.messages = "", []
        self._pending.clear()
        self._whole.clear()
        self._waiting_since = None
        return outputs

    def _message(self, name: str) -> Message | None:
        return next((one for one in self.progress.messages if one.id == name), None)

    def _add(self, name: str) -> Message:
        message = Message(name)
        self.progress.messages = [*self.progress.messages[1 - MAX_MESSAGES :], message]
        return message

    def _is_known(self, delta: str) -> bool:
        """Return whether ``Stop`` has already given the text of a message that begins now."""
        shown = text_match.compact(delta)
        return bool(shown) and any(shown in whole for whole in self._whole.values())

    def _complete(self, whole: str) -> None:
        """Add what is missing of the last message."""
        for message in reversed(self.progress.messages):
            rest = self._rest_of(message, whole)
            if rest is None:
                continue
            if not (message.ended or message.sealed):
                self._pending[message.id] = {message.next: _Piece(rest, final=True)}
                message.sealed = True
            return
        self.progress.stops += 1
        message = self._add(f"stop-{self.progress.stops}")
        message.sealed = True
        self._pending[message.id] = {0: _Piece(whole, final=True)}
        self._whole[message.id] = text_match.compact(whole)

    def _rest_of(self, message: Message, whole: str) -> str | None:
        """Return what a whole text adds to a message; None if it is the text of another one."""
        if message.torn:
            # A piece in the middle is missing: what follows the last piece cannot be told from what was spoken.
            return "" if message is self.progress.messages[-1] else None
        if message.ended or message.sealed:
            pieces = self._pending.get(message.id, {})
            known = msgspec.structs.replace(message.spoken)
            for index in sorted(pieces):
                known.add(pieces[index].text)
            return "" if known == text_match.of(whole) else None
        if message.spoken.characters:
            return message.spoken.rest_of(whole)
        shown = text_match.compact(whole)
        pieces = self._pending.get(message.id, {})
        return whole if any(text_match.compact(piece.text) in shown for piece in pieces.values()) else None

    def _release(self, now: float) -> list[Output]:
        """Return all pieces whose predecessors are known, in order."""
        outputs: list[Output] = []
        for message in self.progress.messages:
            pending = self._pending.get(message.id, {})
            while not message.ended and (piece := pending.pop(message.next, None)) is not None:
                message.next += 1
                message.spoken.add(piece.text)
                message.ended = piece.final
                outputs.append(Text(message.id, piece.text, piece.final))
            if not message.ended:
                break
            self._pending.pop(message.id, None)
        unfinished = [message for message in self.progress.messages if not message.ended]
        if self._ends_turn and not unfinished:
            self._ends_turn = False
            outputs.append(TurnEnd())
        is_waiting = self._ends_turn or any(self._pending.values()) or len(unfinished) > 1
        if not is_waiting:
            self._waiting_since = None
        elif self._waiting_since is None or outputs:
            self._waiting_since = now
        return outputs

    def _give_up(self) -> None:
        """Skip the piece that is missing: up to the next one that came, or to the end of the message."""
        message = next((one for one in self.progress.messages if not one.ended), None)
        if message is None:
            return
        pending = self._pending.get(message.id)
        if pending:
            message.next = min(pending)
            message.torn = True
        else:
            message.ended = True
