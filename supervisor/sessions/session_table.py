"""Session table: clients of the sessions, and flow control of their input to the parser."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.protocol.messages import Cancel, EndOfInput, InputAccepted, OpenInput, ParseInput
from voicestream.protocol.process_watch import ProcessWatch
from voicestream.records import Record
from voicestream.supervisor.ledger.commands import PARSER, PLAYER
from voicestream.supervisor.sessions.input_log import InputLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import InputConsumed, Message, OpenSession, SessionOptions
    from voicestream.supervisor.hub import Hub
    from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute, WorkerId

MAX_LOSSES_A_LINE: Final = 3
"""Parsers lost on one line of input before the line is dropped."""


class Session(Record):
    """Session of one ``run``."""

    session: str
    client: bytes
    """Name of the client on the hub."""
    options: SessionOptions
    watch: ProcessWatch | None
    """Watch of the client's process; None once the client of a detached session has ended."""
    client_pid: int
    opened_at: float
    workers: SessionWorkers | None = None
    """Workers from the start of the session; None while it is being opened."""
    voices: dict[str, VoiceRoute] = field(default_factory=dict[str, "VoiceRoute"])
    """Voices by language (BCP-47 tag), without the session's own."""
    detach: bool = False
    """True if the client announced a handover at the opening."""
    detached: bool = False
    """True if it was handed over, or its client has ended before the handover."""
    feed: str = ""
    """Key of the agent session whose hooks feed it; empty = its client sends the input."""
    hush_on_prompt: bool = True
    is_told: bool = True
    """True if the client gets frames."""
    input: InputLog = field(default_factory=InputLog)
    input_ended: bool = False
    """True if the client has sent all its input."""
    opened_at_parser: bool = False
    """True if the present parser has opened this session."""
    end_sent: bool = False
    found_before: int = 0
    """Number of sentences found up to the end of the last dropped line.

    The checkpoint does not know all of them, and later sentences must not get the same ordinals.
    """
    accepted: int = 0
    """Number of input bytes acknowledged to the client (flow control)."""
    asked_at: float | None = None
    """Time since which the parser has unacknowledged input, in seconds of the monotonic clock."""

    def needs(self, worker: WorkerId) -> bool:
        """Return whether the session cannot be spoken completely without this worker."""
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
        """Sessions with unacknowledged input and the end offsets, in the order in which the parser reads."""

    def open(self, client: bytes, message: OpenSession, now: float) -> Session:
        """Open a session; a supervisor never uses an id twice."""
        self._opened += 1
        session = Session(
            session=f"s{self._opened}",
            client=client,
            options=message.options,
            watch=None if message.feed else ProcessWatch(message.pid),
            client_pid=message.pid,
            opened_at=now,
            detach=message.detach,
            detached=bool(message.feed),
            feed=message.feed,
            hush_on_prompt=message.hush_on_prompt,
        )
        self.by_id[session.session] = session
        return session

    def of_feed(self, feed: str) -> Session | None:
        """Return the open session that the hooks of an agent session feed."""
        return next((one for one in self.by_id.values() if one.feed == feed and not one.input_ended), None)

    def close(self, session: Session, parser: bytes | None) -> None:
        """Forget a session, also at the parser."""
        del self.by_id[session.session]
        if session.watch is not None:
            session.watch.close()
            session.watch = None
        self._with_parser = collections.deque(entry for entry in self._with_parser if entry[0] is not session)
        if parser is not None and session.opened_at_parser:
            self._hub.send(parser, Cancel(session=session.session))

    def tell(self, session_id: str, message: Message) -> None:
        """Send a message to the client of a session, unless it has none or was handed over."""
        session = self.by_id.get(session_id)
        if session is not None and session.is_told:
            self._hub.send(session.client, message)

    def tell_all(self, message_for: Callable[[str], Message]) -> None:
        """Send a message to the client of every session."""
        for session_id in self.by_id:
            self.tell(session_id, message_for(session_id))

    def left(self) -> list[Session]:
        """Return the sessions whose client's process has ended since the last call."""
        return [one for one in self.by_id.values() if one.watch is not None and one.watch.has_ended()]

    @property
    def needs_polls(self) -> bool:
        """True if the end of a client's process can only be detected by polling."""
        return any(one.watch is not None and one.watch.descriptor is None for one in self.by_id.values())

    def feed(self, parser: bytes, now: float) -> None:
        """Send the parser the input that flow control allows now."""
        for session in self.by_id.values():
            self._feed(session, parser, now)

    def consumed(self, message: InputConsumed, now: float) -> Session | None:
        """Record the parser's progress; return None for an ended session or impossible offsets."""
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
        """Rewind all sessions after the loss of the parser.

        Returns:
            The sessions of which a line was dropped because it crashed too many parsers, with the bytes dropped.
        """
        given_up: list[tuple[Session, int]] = []
        # Pieces are read in order: only the oldest unacknowledged one can be the cause.
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
        """Return the time since which the parser has not acknowledged its input; None: nothing is unacknowledged."""
        times = [s.asked_at for s in self.by_id.values() if s.asked_at is not None]
        return min(times, default=None)

    def _tell_accepted(self, session: Session) -> None:
        """Acknowledge input to the client that was read or dropped, so that it can send more."""
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
            # A lost parser is detected by its lifeline; the log rewinds then.
            self._hub.send(parser, message)
            if piece.data:
                self._with_parser.append((session, piece.end))
            if session.asked_at is None:
                session.asked_at = now
        if session.input_ended and session.input.is_all_sent and not session.end_sent:
            session.end_sent = self._hub.send(parser, EndOfInput(session=session.session))
