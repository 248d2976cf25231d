"""Messages and events of workers: what each means for the ledger and for the sessions that need the worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.protocol.messages import (
    AudioWritten,
    EventName,
    InputConsumed,
    InputNotice,
    Loading,
    PlaybackStarted,
    SessionEvent,
    Translated,
)
from voicestream.protocol.truncation import truncate
from voicestream.supervisor.processes.worker_events import BecameReady, Ended, GivenUp, Removed, Started
from voicestream.supervisor.reporting import session_events

if TYPE_CHECKING:
    from voicestream.protocol.messages import FromWorker, Message
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.loop import Supervisor
    from voicestream.supervisor.processes.worker_events import WorkerEvent
    from voicestream.supervisor.processes.worker_record import WorkerRecord

_log = logging.getLogger(__name__)


class WorkerTraffic:
    """The supervisor's side of the workers."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.notes = session_events.Notes()

    def take(self, record: WorkerRecord, message: FromWorker, now: float) -> None:
        """Act on a message of a worker."""
        supervisor = self._supervisor
        message = truncate(message)
        supervisor.table.heard(record, message, now)
        if isinstance(message, Loading) and not record.is_exchanged:
            for session in supervisor.assignment.sessions_of(record.worker):
                event = session_events.loading(session.session, record, message, now)
                supervisor.sessions.tell(session.session, event)
        if record.role == "parser" and isinstance(message, InputConsumed):
            self._input_consumed(record, message, now)
        elif record.role == "parser" and isinstance(message, InputNotice) and message.lost:
            supervisor.do(supervisor.ledger.input_skipped(message.session, message.text, now))
        elif record.role == "parser" and isinstance(message, InputNotice):
            event = SessionEvent(event=EventName.NOTICE, session=message.session, time=now, text=message.text)
            supervisor.sessions.tell(message.session, event)
        else:
            before = supervisor.ledger.busy_since(record.worker)
            supervisor.do(supervisor.ledger.handle(record.worker, message, now))
            is_last = isinstance(message, AudioWritten) and message.last
            if before is not None and (is_last or isinstance(message, Translated | PlaybackStarted)):
                record.done(now - before)

    def act_on(self, event: WorkerEvent, now: float) -> None:
        """Act on what became of a worker."""
        supervisor = self._supervisor
        match event:
            case Started():
                pass  # it can do nothing yet; sessions are told
            case BecameReady(worker=worker):
                supervisor.do(supervisor.ledger.worker_available(worker, now))
                supervisor.restart_done(supervisor.table.records[worker], now)
            case Ended(worker=worker, reason=reason, counts_as_failure=counts_as_failure):
                if worker.role == "parser":
                    self._parser_lost(counts_as_failure=counts_as_failure, now=now)
                cursor = supervisor.pool.cursor
                lost = supervisor.ledger.lost(worker, reason, cursor, now, counts_as_failure=counts_as_failure)
                supervisor.do(lost)
                record = supervisor.table.records.get(worker)
                if counts_as_failure and record is not None and record.was_killed_while_loading:
                    supervisor.idle_workers.make_room(worker, now)
            case GivenUp():
                self._tell_of(event, now)
                supervisor.given_up(event, now)
                return
            case Removed(worker=worker):
                supervisor.ledger.forget(worker)
                return
        self._tell_of(event, now)

    def tell_refused(self, now: float) -> None:
        """Tell sessions that a frame of one of our workers was no message; what it carried is made up for elsewhere."""
        supervisor = self._supervisor
        while supervisor.hub.refused:
            identity, reason = supervisor.hub.refused.popleft()
            record = supervisor.table.record_of(identity)
            if record is None:
                continue
            for session in supervisor.assignment.sessions_of(record.worker):
                event = session_events.refused(session.session, record.role, reason, now)
                supervisor.hub.send(session.client, event)

    def send(self, worker: WorkerId, message: Message) -> None:
        """Send a message to a worker."""
        identity = self._supervisor.table.identity(worker)
        if identity is not None and not self._supervisor.hub.send(identity, message):
            # It is dying; what it had in hand comes back to the ledger when it is reaped.
            _log.info("role=%s unreachable message=%s", worker.role, type(message).__name__)

    def _input_consumed(self, record: WorkerRecord, message: InputConsumed, now: float) -> None:
        supervisor = self._supervisor
        waiting = supervisor.sessions.by_id.get(message.session)
        asked_at = waiting.asked_at if waiting is not None else None
        session = supervisor.sessions.consumed(message, now)
        if session is None:
            return
        if asked_at is not None:
            record.done(now - asked_at)
        ended = message.ended and session.end_sent and session.input.is_all_read
        progress = supervisor.ledger.input_progressed(
            message.session, message.open_message, now, found=message.found, ended=ended
        )
        supervisor.do(progress)

    def _tell_of(self, event: Started | BecameReady | Ended | GivenUp, now: float) -> None:
        """Tell the sessions that need a worker what became of it."""
        supervisor = self._supervisor
        record = supervisor.table.records.get(event.worker)
        if record is None:
            return  # nobody needed it
        concerned = supervisor.assignment.sessions_of(event.worker)
        text = event.told if isinstance(event, Ended) else ""
        if isinstance(event, Ended | GivenUp):
            reason = event.reason
        else:
            is_shown = any(one.is_told and not one.options.quiet for one in concerned) and not record.is_exchanged
            reason = self.notes.of(record, told=is_shown)
        is_failure = isinstance(event, GivenUp) or (isinstance(event, Ended) and event.counts_as_failure)
        if record.is_exchanged and not is_failure:
            reason = text = ""  # nothing that anybody has to know
        if isinstance(event, BecameReady | GivenUp):
            record.is_exchanged = False
        for session in concerned:
            told = session_events.worker(session.session, record, reason, now, text=text)
            supervisor.sessions.tell(session.session, told)

    def _parser_lost(self, *, counts_as_failure: bool, now: float) -> None:
        supervisor = self._supervisor
        for session, dropped in supervisor.sessions.parser_lost(counts_as_failure=counts_as_failure):
            session.found_before = supervisor.ledger.found(session.session)
            reason = f"a line of {dropped} bytes ended the parser again and again; it is left out"
            supervisor.do(supervisor.ledger.input_skipped(session.session, reason, now))
