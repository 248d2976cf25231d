"""The sessions' side of the supervisor: their clients, and their input on its way to the parser."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import Cancel, EndOfInput, InputAccepted, OpenInput, ParseInput
from voicestream.protocol.process_watch import ProcessWatch
from voicestream.supervisor.ledger.commands import PARSER, PLAYER
from voicestream.supervisor.sessions.input_log import InputLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import InputConsumed, Message, SessionOptions
    from voicestream.supervisor.hub import Hub
    from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute, WorkerId

MAX_LOSSES_A_LINE: Final = 3
"""Parsers that one line of input may cost before it is given up."""


@dataclass
class Session:
    """One ``run``."""

    session: str
    client: bytes
    """The client's name on the hub."""
    options: SessionOptions
    watch: ProcessWatch | None
    """Of the client's process; None once the client of a detached session has ended."""
    client_pid: int
    opened_at: float
    workers: SessionWorkers | None = None
    """The workers that it has from its start; None: while it is being opened."""
    voices: dict[str, VoiceRoute] = field(default_factory=dict[str, "VoiceRoute"])
    """Voices by language (BCP-47 tag) that are not its own."""
    detach: bool = False
    """The client will hand it over, and has said so at the opening."""
    detached: bool = False
    """It was handed over, or its client has ended before it could do that: it goes on without."""
    is_told: bool = True
    """The client gets frames."""
    input: InputLog = field(default_factory=InputLog)
    input_ended: bool = False
    """The client has sent all it had."""
    opened_at_parser: bool = False
    """The parser of now knows this session."""
    end_sent: bool = False
    found_before: int = 0
    """Sentences that were found up to the end of the last line that was given up: the checkpoint does not know of all
    of them, and the ones behind it must not get the same ordinals."""
    accepted: int = 0
    """Bytes of input of which the client knows that they need no more room."""
    asked_at: float | None = None
    """Since when the parser has had input that it has not acknowledged."""

    def needs(self, worker: WorkerId) -> bool:
        """Whether it cannot be spoken, or not all of it, without this worker."""
        if worker in (PARSER, PLAYER):
            return True
        its = self.workers
        if its is None:
            return False
        return worker in (its.translator, its.voice.worker) or any(
            voice.worker == worker for voice in self.voices.values()
        )


class Sessions:
    """All open sessions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._opened = 0
        self.by_id: Final[dict[str, Session]] = {}
        self._with_parser: collections.deque[tuple[Session, int]] = collections.deque()
        """Whose input the parser has not acknowledged yet, and up to where, in the order in which it reads."""

    def open(self, client: bytes, options: SessionOptions, pid: int, now: float, *, detach: bool = False) -> Session:
        """A new session, of the client's process ``pid``; ids are never used twice in the life of a supervisor."""
        self._opened += 1
        session = Session(
            session=f"s{self._opened}",
            client=client,
            options=options,
            watch=ProcessWatch(pid),
            client_pid=pid,
            opened_at=now,
            detach=detach,
        )
        self.by_id[session.session] = session
        return session

    def close(self, session: Session, parser: bytes | None) -> None:
        """Forget a session, here and at the parser."""
        del self.by_id[session.session]
        if session.watch is not None:
            session.watch.close()
            session.watch = None
        self._with_parser = collections.deque(entry for entry in self._with_parser if entry[0] is not session)
        if parser is not None and session.opened_at_parser:
            self._hub.send(parser, Cancel(session=session.session))

    def tell(self, session_id: str, message: Message) -> None:
        """Send something to the client of a session, unless there is none or it has handed the session over."""
        session = self.by_id.get(session_id)
        if session is not None and session.is_told:
            self._hub.send(session.client, message)

    def tell_all(self, message_for: Callable[[str], Message]) -> None:
        """Send a message to the client of every session."""
        for session_id in self.by_id:
            self.tell(session_id, message_for(session_id))

    def left(self) -> list[Session]:
        """The sessions whose client's process has ended since the client was last seen."""
        return [one for one in self.by_id.values() if one.watch is not None and one.watch.has_ended()]

    @property
    def needs_polls(self) -> bool:
        """Whether the end of a client's process can only be noticed by looking."""
        return any(one.watch is not None and one.watch.descriptor is None for one in self.by_id.values())

    def feed(self, parser: bytes, now: float) -> None:
        """Send the parser what it may have by now."""
        for session in self.by_id.values():
            self._feed(session, parser, now)

    def consumed(self, message: InputConsumed, now: float) -> Session | None:
        """The parser is further; None when the session is gone, or the parser cannot be where it says."""
        session = self.by_id.get(message.session)
        if session is None or not session.opened_at_parser:
            return None
        if not session.input.acknowledge(message.received, message.checkpoint, message.state):
            return None
        while self._with_parser and self._with_parser[0][0] is session and self._with_parser[0][1] <= message.received:
            self._with_parser.popleft()
        session.asked_at = now if session.input.under_way else None
        self._tell_accepted(session)
        return session

    def parser_lost(self, *, counts_as_failure: bool) -> list[tuple[Session, int]]:
        """The parser is gone: all will be read again from the checkpoints.

        Returns:
            The sessions of which a line was given up because it cost too many parsers, with the bytes dropped.
        """
        given_up: list[tuple[Session, int]] = []
        # It reads one piece after another: only the oldest that it has not acknowledged can have been the cause.
        suspect = self._with_parser[0][0] if counts_as_failure and self._with_parser else None
        self._with_parser.clear()
        for session in self.by_id.values():
            session.opened_at_parser = False
            session.end_sent = False
            session.asked_at = None
            losses = session.input.rewind(count=session is suspect)
            if losses >= MAX_LOSSES_A_LINE:
                given_up.append((session, session.input.skip_line()))
        return given_up

    def stalled_since(self) -> float | None:
        """Since when the parser has had input without acknowledging any."""
        times = [s.asked_at for s in self.by_id.values() if s.asked_at is not None]
        return min(times, default=None)

    def _tell_accepted(self, session: Session) -> None:
        """Let the client send more, if more was read, or given up, than it knows of."""
        if session.input.received > session.accepted:
            session.accepted = session.input.received
            self.tell(session.session, InputAccepted(session=session.session, offset=session.accepted))

    def _feed(self, session: Session, parser: bytes, now: float) -> None:
        self._tell_accepted(session)
        if session.input.is_skipping and not session.input_ended:
            return
        if not session.opened_at_parser:
            opening = OpenInput(
                session=session.session,
                options=session.options.parser,
                offset=session.input.checkpoint,
                state=session.input.state,
                found=session.found_before,
            )
            if not self._hub.send(parser, opening):
                return
            session.opened_at_parser = True
        while (piece := session.input.next_piece()) is not None:
            message = ParseInput(session=session.session, offset=piece.offset, data=piece.data, pause=piece.pause)
            # A parser that is not there any more is found out through its lifeline; the log rewinds then.
            self._hub.send(parser, message)
            if piece.data:
                self._with_parser.append((session, piece.end))
            if session.asked_at is None:
                session.asked_at = now
        if session.input_ended and session.input.is_all_sent and not session.end_sent:
            session.end_sent = self._hub.send(parser, EndOfInput(session=session.session))
