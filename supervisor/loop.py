"""Event loop of the supervisor: input from sockets, processes and signals, and execution of the resulting commands.

It blocks only in ``poll``, and runs no model, no sound driver and no numeric library.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import EXIT_INCOMPLETE, OtherVersionError
from voicestream.protocol.messages import (
    EndOfInput,
    Input,
)
from voicestream.protocol.process_watch import POLL_SECONDS
from voicestream.protocol.transport import (
    INPUT_CHUNK_BYTES,
    INPUT_CREDIT_BYTES,
    is_from_client,
    is_from_worker,
)
from voicestream.supervisor import poller
from voicestream.supervisor.assignment import Assignment
from voicestream.supervisor.core import Core
from voicestream.supervisor.ingest import Ingest
from voicestream.supervisor.ledger.commands import PARSER, ChooseVoice, Closed, Report, Send
from voicestream.supervisor.poller import Poller
from voicestream.supervisor.reporting import session_events
from voicestream.supervisor.requests import RequestHandler
from voicestream.supervisor.signals import Signals
from voicestream.supervisor.worker_traffic import WorkerTraffic
from voicestream.supervisor.worker_upkeep import IdleWorkers, MemoryExchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from voicestream.config.worker_limits import WorkerLimits
    from voicestream.protocol.messages import Message
    from voicestream.protocol.pool_memory import Segment
    from voicestream.protocol.run_directory import RunDirectory
    from voicestream.supervisor.ledger.commands import Command
    from voicestream.supervisor.processes.watchdog import Limits
    from voicestream.supervisor.sessions.requirements import Requirement

LOOK_SECONDS: Final = 0.1
"""Poll interval with an open session, in seconds: latency of events caused by time only (ends of turns, alarms)."""

IDLE_LOOK_SECONDS: Final = 1.0
"""Poll interval without a session, in seconds."""

DIRECTORY_LOOK_SECONDS: Final = 1.0
"""Seconds between two checks that the run directory still exists."""

FIRST_SESSION_SECONDS: Final = 10.0
"""Seconds for which the initial workers do not count as idle: the session that needs them is about to be opened."""

LAST_FRAMES_SECONDS: Final = 0.2
"""Seconds at shutdown for sending the last answers to clients."""

_log = logging.getLogger(__name__)


class Supervisor:
    """Event loop with all components of the supervisor."""

    def __init__(
        self,
        run_directory: RunDirectory,
        segment: Segment,
        initial: Sequence[Requirement],
        limits: Limits,
        worker_limits: WorkerLimits,
        *,
        keep_alive_seconds: float,
        stay: bool,
    ) -> None:
        """Set up the supervisor; the caller holds the lock of ``run_directory``.

        Args:
            run_directory: where the hub is bound.
            segment: the memory of the audio pool; the caller removes it after the end.
            initial: the workers to start with; others are started when a session needs them.
            limits: of the watchdog.
            worker_limits: of the workers that no session needs.
            keep_alive_seconds: how long to stay without any session before the first one has come; from then on the
                last session says how long.
            stay: run until told to end, regardless of the sessions.
        """
        self.core: Final = Core(run_directory, segment, limits, self, keep_alive_seconds=keep_alive_seconds, stay=stay)
        self._stay: Final = stay
        self._initial: Final = initial
        notes = session_events.Notes()
        self._assignment: Final = Assignment(self.core)
        self._requests: Final = RequestHandler(self.core, self._assignment, notes)
        self._exchange: Final = MemoryExchange(self.core)
        self._idle_workers: Final = IdleWorkers(self.core, self._assignment, worker_limits)
        self._worker_traffic: Final = WorkerTraffic(
            self.core, self._assignment, self._requests, self._idle_workers, notes
        )
        self._ingest: Final = Ingest(self.core)
        self._directory_look_at = self.core.started_at
        self._is_cut_off = False
        """True once the run directory is deleted: no new client or worker can connect."""
        self._signals: Final = Signals()
        self._poller: Final = Poller(self.core.hub.socket, self._signals.wake)
        self._is_stale = True
        """True if the watched descriptors and ``_due`` have to be computed again."""
        self._due = self.core.started_at
        """Time of the next check without any input, in seconds of the monotonic clock."""

    def run(self) -> None:
        """Serve until the shutdown, then shut down in order."""
        now = time.monotonic()
        for requirement in self._initial:
            self.core.table.obtain(requirement, now).idle_since = now + FIRST_SESSION_SECONDS
        _log.info("state=started pid=%d", os.getpid())
        while not (self.core.is_ending and self.core.table.is_empty):
            self._turn()
        _log.info("state=ended")
        self._answer_last()

    def _turn(self) -> None:
        """Wait for events and handle them.

        A sentence takes about ten turns, so a turn does only due work. Sockets come first; processes are checked when
        one of their descriptors is ready or when ``_due`` has come.
        """
        now = time.monotonic()
        if self._is_stale:
            self._poller.watch(
                poller.descriptors(self.core.table.records.values(), self.core.sessions.by_id.values(), now)
                | self._ingest.descriptors()
            )
            self._due = self._due_at(now)
            self._is_stale = False
        ready = self._poller.wait(self._due - now)
        if ready.pop(self.core.hub.socket, None):
            for identity, message in self.core.hub.receive():
                if isinstance(message, OtherVersionError):
                    self._take_other_version(identity, message, time.monotonic())
                else:
                    self._take(identity, message, time.monotonic())
            self._worker_traffic.tell_refused(time.monotonic())
        if ready or self._is_stale or self.core.table.has_events or time.monotonic() >= self._due:
            self._look_around(ready)
        self._ingest.turn(time.monotonic())
        self._feed_parser()
        self.core.handovers.complete(time.monotonic())

    def _look_around(self, ready: Mapping[object, int]) -> None:
        """Handle all events except messages: signals, output and ends of processes, ended clients, timers."""
        now = time.monotonic()
        self._is_stale = True
        if self._signals.wake.fileno() in ready:
            for number in self._signals.take():
                self.end(f"told to by {number.name}")
        self._ingest.read(ready, now)
        for record in self.core.table.records.values():
            if record.process is not None:
                record.read(record.process, ready, now)
        self.core.table.check(now)
        for event in self.core.table.take_events():
            self._worker_traffic.act_on(event, time.monotonic())
        self._notice_ended_clients()
        self.do(self.core.ledger.tick(time.monotonic()))
        if self.core.idle_since is not None and now >= self.core.idle_since + self.core.keep_alive_seconds:
            self.end("nothing to do")
        for notice in self.core.history.failures(now):
            self.core.sessions.tell(notice.session, notice)
        self._exchange.look(now)
        self._idle_workers.look(now)
        self._look_after_directory(now)

    def _look_after_directory(self, now: float) -> None:
        """Check the run directory.

        Once deleted, finish the open sessions, whose connections stay, and let a successor start.
        """
        if not self._is_cut_off and now >= self._directory_look_at:
            self._directory_look_at = now + DIRECTORY_LOOK_SECONDS
            self._is_cut_off = not self.core.run_directory.is_intact()
            if self._is_cut_off:
                _log.warning("the run directory %s was deleted", self.core.run_directory.path)
        # A worker that ends now cannot be replaced: its successor could not connect.
        if self._is_cut_off and not (self.core.sessions.by_id and self.core.table.is_complete):
            self.end("its run directory was deleted")

    def end(self, reason: str) -> None:
        """Begin the shutdown: close sessions and stop workers."""
        if self.core.is_ending:
            return
        _log.info("state=ending reason=%r", reason)
        self.core.is_ending = self._is_stale = True
        self._ingest.close()
        now = time.monotonic()
        for session in list(self.core.sessions.by_id):
            self.do(self.core.ledger.stop_session(session, f"the supervisor ends: {reason}", EXIT_INCOMPLETE, now))
        self.core.table.stop_all(now)

    def do(self, commands: Iterable[Command]) -> None:
        """Carry out commands of the ledger."""
        told: list[Report | ChooseVoice | Closed] = []
        for command in commands:
            if isinstance(command, Send):
                self._worker_traffic.send(command.worker, command.message)
            else:
                told.append(command)
        # Workers first: the next audio is more urgent than events for clients.
        for one in told:
            if isinstance(one, Report):
                self.core.history.reported(one.event)
                self.core.handovers.note(one.event)
                self.core.sessions.tell(one.event.session, one.event)
            elif isinstance(one, ChooseVoice):
                self._assignment.choose_voice(one, time.monotonic())
            else:
                self._close(one)

    def _take(self, identity: bytes, message: Message, now: float) -> None:
        record = self.core.table.record_of(identity)
        if record is not None:
            if is_from_worker(message):
                self._worker_traffic.take(record, message, now)
            else:
                self.core.hub.drop(identity, "misplaced", type(message).__name__)
        elif isinstance(message, EndOfInput | Input):
            self._take_input(identity, message, now)
        elif is_from_client(message):
            self._is_stale = True
            self._requests.take(identity, message, now)
        else:
            # A predecessor that has not quite ended, or a foreign process.
            self.core.hub.drop(identity, "stale", type(message).__name__)

    def _take_other_version(self, identity: bytes, error: OtherVersionError, now: float) -> None:
        """Handle a message of another protocol version: end a worker, inform a client."""
        record = self.core.table.record_of(identity)
        self._is_stale = True
        if record is not None:
            self.core.table.heard_other_version(record, error, now)
        else:
            self._requests.refuse_version(identity, error, now)

    def _take_input(self, identity: bytes, message: Input | EndOfInput, now: float) -> None:
        session = self.core.sessions.by_id.get(message.session)
        if session is None or session.client != identity or session.input_ended:
            self.core.hub.drop(identity, "misplaced", type(message).__name__)
        elif isinstance(message, EndOfInput):
            session.input_ended = True
        elif session.input.end + len(message.data) > session.accepted + INPUT_CREDIT_BYTES + INPUT_CHUNK_BYTES:
            # Input without a limit would have to be kept here. A lost piece cannot be replaced, so the session ends.
            self.core.hub.drop(identity, "flood", f"input at {message.offset}, accepted {session.accepted}")
            reason = "its client sent more input than it may"
            self.do(self.core.ledger.stop_session(session.session, reason, EXIT_INCOMPLETE, now))
        elif not session.input.append(message.offset, message.data, pause=message.pause):
            self.core.hub.drop(identity, "misplaced", f"input at {message.offset}, not {session.input.end}")

    def _close(self, closed: Closed) -> None:
        session = self.core.sessions.by_id.get(closed.session)
        if session is None:
            return
        now = time.monotonic()
        self._is_stale = True
        if not self._stay:
            self.core.keep_alive_seconds = session.options.keep_alive_seconds
        is_last = len(self.core.sessions.by_id) == 1
        ends = self.core.is_ending or (is_last and self.core.keep_alive_seconds <= 0)
        self.core.sessions.tell(closed.session, session_events.closed(closed, supervisor_ends=ends))
        _log.info("session=%s state=closed exit=%d counts=%r", closed.session, closed.exit_code, closed.counts)
        self.core.handovers.closed(session, closed, now)
        self.core.history.closed(closed)
        self._poller.leave(session.watch)
        self.core.sessions.close(session, self.core.table.identity(PARSER))
        self._assignment.release(session, now)
        if not self.core.sessions.by_id:
            self.core.idle_since = now
            if closed.exit_code:
                # A stopped session ends the pause. One that has ended by itself leaves it for the next sessions.
                self._requests.controls.hold("", paused=False, now=now)

    def _feed_parser(self) -> None:
        if PARSER in self.core.ledger.state.available:
            parser = self.core.table.identity(PARSER)
            if parser is not None:
                self.core.sessions.feed(parser, time.monotonic())

    def _notice_ended_clients(self) -> None:
        for session in self.core.sessions.left():
            _log.info("session=%s client=gone", session.session)
            if session.detached or session.detach:
                self._poller.leave(session.watch)
                self.core.handovers.client_ended(session, time.monotonic())
                # No other client could resume it.
                self._requests.controls.hold(session.session, paused=False, now=time.monotonic())
            else:
                reason = "its client is gone"
                self.do(self.core.ledger.stop_session(session.session, reason, EXIT_INCOMPLETE, time.monotonic()))

    def _due_at(self, now: float) -> float:
        core = self.core
        look_seconds = LOOK_SECONDS if core.sessions.by_id else IDLE_LOOK_SECONDS
        due = min(core.table.due_at(now), self._ingest.due(now), now + look_seconds)
        if core.idle_since is not None:
            due = min(due, core.idle_since + core.keep_alive_seconds)
        if core.sessions.needs_polls:
            due = min(due, now + POLL_SECONDS)
        resting = (record.log.rests_until for record in core.table.records.values())
        return min([due, *(until for until in resting if until > now)])

    def _answer_last(self) -> None:
        self._requests.ended()
        self.core.history.close()
        self.core.hub.close(linger_seconds=LAST_FRAMES_SECONDS)
        self.core.pool.close()
