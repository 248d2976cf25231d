"""Handling of workers' messages and events, for the ledger and for the sessions that need the worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.protocol.messages import (
    AudioWritten,
    EngineNotice,
    EventName,
    InputConsumed,
    InputNotice,
    Loading,
    PlaybackStarted,
    SessionEvent,
    Translated,
)
from voicestream.protocol.truncation import truncate
from voicestream.supervisor.processes.worker_events import ROLE_WORDS, BecameReady, Ended, GivenUp, Removed, Started
from voicestream.supervisor.reporting import session_events

if TYPE_CHECKING:
    from voicestream.protocol.messages import FromWorker, Message
    from voicestream.supervisor.assignment import Assignment
    from voicestream.supervisor.core import Core
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.processes.worker_events import WorkerEvent
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.requests import RequestHandler
    from voicestream.supervisor.worker_upkeep import IdleWorkers

_log = logging.getLogger(__name__)


class WorkerTraffic:
    """Messages and events of workers, and messages to them."""

    def __init__(
        self,
        core: Core,
        assignment: Assignment,
        requests: RequestHandler,
        idle_workers: IdleWorkers,
        notes: session_events.Notes,
    ) -> None:
        self._core = core
        self._assignment = assignment
        self._requests = requests
        self._idle_workers = idle_workers
        self._notes = notes

    def take(self, record: WorkerRecord, message: FromWorker, now: float) -> None:
        """Handle a message of a worker."""
        core = self._core
        message = truncate(message)
        core.table.heard(record, message, now)
        if isinstance(message, Loading) and not record.is_exchanged:
            for session in self._assignment.sessions_of(record.worker):
                event = session_events.loading(session.session, record, message, now)
                core.sessions.tell(session.session, event)
        if isinstance(message, EngineNotice):
            self._tell_notice(record, message, now)
        elif record.role == "parser" and isinstance(message, InputConsumed):
            self._input_consumed(record, message, now)
        elif record.role == "parser" and isinstance(message, InputNotice) and message.lost:
            core.do(core.ledger.input_skipped(message.session, message.text, now))
        elif record.role == "parser" and isinstance(message, InputNotice):
            event = SessionEvent(event=EventName.NOTICE, session=message.session, time=now, text=message.text)
            core.sessions.tell(message.session, event)
        else:
            before = core.ledger.busy_since(record.worker, message)
            core.do(core.ledger.handle(record.worker, message, now))
            is_last = isinstance(message, AudioWritten) and message.last
            if before is not None and (is_last or isinstance(message, Translated | PlaybackStarted)):
                record.done(now - before)

    def act_on(self, event: WorkerEvent, now: float) -> None:
        """Handle an event of a worker."""
        core = self._core
        match event:
            case Started():
                pass  # it is not ready yet; only sessions are informed
            case BecameReady(worker=worker):
                core.do(core.ledger.worker_available(worker, now))
                self._requests.restart_done(core.table.records[worker], now)
            case Ended(worker=worker, reason=reason, counts_as_failure=counts_as_failure):
                if worker.role == "parser":
                    self._parser_lost(counts_as_failure=counts_as_failure, now=now)
                cursor = core.pool.cursor
                lost = core.ledger.lost(worker, reason, cursor, now, counts_as_failure=counts_as_failure)
                core.do(lost)
                record = core.table.records.get(worker)
                if counts_as_failure and record is not None and record.was_killed_while_loading:
                    self._idle_workers.make_room(worker, now)
            case GivenUp():
                self._tell_of(event, now)
                self._requests.restart_failed(event.worker, event.reason)
                self._assignment.given_up(event, now)
                return
            case Removed(worker=worker):
                core.ledger.forget(worker)
                return
        self._tell_of(event, now)

    def tell_refused(self, now: float) -> None:
        """Report refused frames of workers to sessions; the lost messages are recovered elsewhere."""
        core = self._core
        while core.hub.refused:
            identity, reason = core.hub.refused.popleft()
            record = core.table.record_of(identity)
            if record is None:
                continue
            for session in self._assignment.sessions_of(record.worker):
                event = session_events.refused(session.session, record.role, reason, now)
                core.hub.send(session.client, event)

    def send(self, worker: WorkerId, message: Message) -> None:
        """Send a message to a worker."""
        identity = self._core.table.identity(worker)
        if identity is not None and not self._core.hub.send(identity, message):
            # It is dying; its jobs return to the ledger when it is reaped.
            _log.info("role=%s unreachable message=%s", worker.role, type(message).__name__)

    def _tell_notice(self, record: WorkerRecord, message: EngineNotice, now: float) -> None:
        """Report a notice to the sessions that need the worker."""
        text = f"{ROLE_WORDS[record.role]}: {message.text}"
        for session in self._assignment.sessions_of(record.worker):
            told = SessionEvent(event=EventName.NOTICE, session=session.session, time=now, role=record.role, text=text)
            self._core.sessions.tell(session.session, told)

    def _input_consumed(self, record: WorkerRecord, message: InputConsumed, now: float) -> None:
        core = self._core
        waiting = core.sessions.by_id.get(message.session)
        asked_at = waiting.asked_at if waiting is not None else None
        session = core.sessions.consumed(message, now)
        if session is None:
            return
        if message.format and not session.feed:
            core.history.describe(session.session, agent=message.format)
        if asked_at is not None:
            record.done(now - asked_at)
        ended = message.ended and session.end_sent and session.input.is_all_read
        progress = core.ledger.input_progressed(
            message.session, message.open_message, now, found=message.found, ended=ended
        )
        core.do(progress)

    def _tell_of(self, event: Started | BecameReady | Ended | GivenUp, now: float) -> None:
        """Report a worker's event to the sessions that need it."""
        core = self._core
        record = core.table.records.get(event.worker)
        if record is None:
            return  # no session needed it
        concerned = self._assignment.sessions_of(event.worker)
        text = event.told if isinstance(event, Ended) else ""
        if isinstance(event, Ended | GivenUp):
            reason = event.reason
        else:
            is_shown = any(one.is_told and not one.options.quiet for one in concerned) and not record.is_exchanged
            reason = self._notes.of(record, told=is_shown)
        is_failure = isinstance(event, GivenUp) or (isinstance(event, Ended) and event.counts_as_failure)
        if record.is_exchanged and not is_failure:
            reason = text = ""  # not relevant to people
        if isinstance(event, BecameReady | GivenUp):
            record.is_exchanged = False
        for session in concerned:
            told = session_events.worker(session.session, record, reason, now, text=text)
            core.sessions.tell(session.session, told)

    def _parser_lost(self, *, counts_as_failure: bool, now: float) -> None:
        core = self._core
        for session, dropped in core.sessions.parser_lost(counts_as_failure=counts_as_failure):
            session.found_before = core.ledger.found(session.session)
            reason = f"a line of {dropped} bytes ended the parser again and again; it is left out"
            core.do(core.ledger.input_skipped(session.session, reason, now))
