"""Request handler: sessions, controls, status and restarts requested by clients."""

from __future__ import annotations

import collections
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from voicestream import __version__
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.errors import EXIT_CONFIGURATION, EXIT_INCOMPLETE, EXIT_USAGE
from voicestream.protocol.messages import (
    PROTOCOL_VERSION,
    Control,
    Done,
    EngineRole,
    OpenSession,
    Refused,
    RestartWorker,
    Role,
    SessionOpened,
    Status,
    StatusRequest,
    WorkerRestarted,
)
from voicestream.records import FrozenRecord
from voicestream.supervisor.playback_requests import PlaybackRequests
from voicestream.supervisor.reporting import overview, session_events, session_status, worker_status
from voicestream.supervisor.sessions import admission

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.errors import OtherVersionError
    from voicestream.protocol.messages import FromClient, RefusalCode, SessionOptions, WorkerStatus
    from voicestream.supervisor.assignment import Assignment
    from voicestream.supervisor.core import Core
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.processes.shutdown import Step
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.sessions.session_table import Session

MAX_REQUESTS_A_SECOND: Final = 100
"""Requests accepted from one client per second; more than any person or script needs."""

_log = logging.getLogger(__name__)


class _Waiting(FrozenRecord, frozen=True):
    """Client that waits for the next incarnation of a worker."""

    client: bytes
    worker: WorkerId
    since: float
    predecessor: int


class RequestHandler:
    """Request handler of the supervisor."""

    def __init__(self, core: Core, assignment: Assignment, notes: session_events.Notes) -> None:
        self._core = core
        self._assignment = assignment
        self._notes = notes
        self.controls: Final = PlaybackRequests(core, assignment)
        self._waiting: dict[tuple[bytes, WorkerId], _Waiting] = {}
        self._wait_for_end: set[bytes] = set()
        self._asked: collections.Counter[bytes] = collections.Counter()
        """Number of requests of each client since ``_asked_since``."""
        self._asked_since = 0.0

    def take(self, client: bytes, message: FromClient, now: float) -> None:
        """Handle one request of a client."""
        if self._asks_too_much(client, now):
            self._core.hub.drop(client, "flood", type(message).__name__)
            return
        match message:
            case OpenSession():
                self._open(client, message, now)
            case Control():
                self._control(client, message, now)
            case StatusRequest():
                self._core.hub.send(client, self._status(now))
            case RestartWorker():
                self._restart(client, message, now)
            case _:
                self._core.hub.drop(client, "misplaced", type(message).__name__)

    def refuse_version(self, client: bytes, error: OtherVersionError, now: float) -> None:
        """Reject a frame of another protocol version; its sender may end this supervisor and start its own."""
        if error.is_shutdown:
            self._core.effects.end("voicestream down, of another version")
            return
        self._core.hub.drop(client, "version", str(error))
        if not self._asks_too_much(client, now):
            text = (
                f"the running supervisor is of another version of voicestream "
                f"({__version__}, protocol {PROTOCOL_VERSION}; the request: protocol {error.version}).\n"
                f"Try: voicestream down"
            )
            self._refuse(client, "other_version", text, EXIT_CONFIGURATION)

    def restart_done(self, record: WorkerRecord, now: float) -> None:
        """Answer clients that waited for a worker's next incarnation, which is ready."""
        for waiting in self._waiting_for(record.worker):
            if waiting.predecessor >= record.incarnation:
                continue
            del self._waiting[waiting.client, record.worker]
            answer = WorkerRestarted(
                role=record.role,
                incarnation=record.incarnation,
                pid=record.process.pid if record.process else 0,
                path=record.last_exit or "",
                seconds=now - waiting.since,
                engine=record.engine_name,
                remaining=sum(one.client == waiting.client for one in self._waiting.values()),
            )
            self._core.hub.send(waiting.client, answer)

    def restart_failed(self, worker: WorkerId, reason: str) -> None:
        """Answer clients that waited for a worker's next incarnation, which failed."""
        for waiting in self._waiting_for(worker):
            del self._waiting[waiting.client, worker]
            text = f"the {worker.role} worker does not start: {reason}"
            self._refuse(waiting.client, "worker_failed", text, EXIT_INCOMPLETE)

    def ended(self) -> None:
        """Answer clients that waited for the end of all workers."""
        for client in self._wait_for_end:
            self._core.hub.send(client, Done(text="ended"))

    def _waiting_for(self, worker: WorkerId) -> list[_Waiting]:
        return [waiting for waiting in self._waiting.values() if waiting.worker == worker]

    def _asks_too_much(self, client: bytes, now: float) -> bool:
        """Return whether a client exceeds its rate: answers stay in memory until they are read."""
        if now >= self._asked_since + 1.0:
            self._asked.clear()
            self._asked_since = now
        self._asked[client] += 1
        return self._asked[client] > MAX_REQUESTS_A_SECOND

    def _open(self, client: bytes, message: OpenSession, now: float) -> None:
        core = self._core
        if core.is_ending:
            self._refuse(client, "ending", "the supervisor is ending", EXIT_INCOMPLETE)
            return
        sessions = core.sessions.by_id
        if message.feed and (fed := core.sessions.of_feed(message.feed)) is not None:
            self._opened(client, fed)
            return
        checks: tuple[tuple[RefusalCode, Callable[[], str]], ...] = (
            (
                "too_many_sessions",
                lambda: admission.no_room(len(sessions), sum(one.detached for one in sessions.values())),
            ),
            ("options", lambda: admission.refusal(message.options, message.feed)),
            ("file_in_use", lambda: self._file_in_use(message.options)),
        )
        for code, check in checks:
            if text := check():
                self._refuse(client, code, text, EXIT_USAGE)
                return
        session = core.sessions.open(client, message, now)
        core.idle_since = None
        workers = self._assignment.assign(session, now)
        self._opened(client, session)
        session.is_told = not message.feed
        core.history.opened(session)
        _log.info("session=%s state=opened client_pid=%d", session.session, message.pid)
        opened = core.ledger.open_session(
            session.session, message.options, workers, now, detach=message.detach, is_now=message.now
        )
        core.do(opened)

    def _opened(self, client: bytes, session: Session) -> None:
        """Answer the opening of a session, which has its workers."""
        core = self._core
        workers = session.workers
        if workers is None:
            raise AssertionError(f"{session.session} has no workers")
        records = core.table.records
        is_told = not session.options.quiet
        translator = records[workers.translator] if workers.translator is not None else None
        tts = records[workers.voice.worker]
        notes = self._notes
        core.hub.send(
            client,
            SessionOpened(
                session=session.session,
                pid=os.getpid(),
                translator=translator.engine_name if translator is not None else UNTRANSLATED,
                tts=tts.engine_name,
                note=notes.of(translator, told=is_told) if translator is not None else "",
                tts_note=notes.of(tts, told=is_told),
                paused_by=self.controls.paused_by,
            ),
        )

    def _file_in_use(self, options: SessionOptions) -> str:
        path = options.output.path
        others = [s.options.output for s in self._core.sessions.by_id.values()]
        if path and any(other.path and _is_same_file(other.path, path) for other in others):
            return f"another session is writing {path}.\nGive another name: --output FILE.wav"
        return ""

    def _control(self, client: bytes, message: Control, now: float) -> None:
        core = self._core
        if message.session or message.action in ("stop", "detach"):
            session = core.sessions.by_id.get(message.session)
            if session is None or session.client != client:
                self._refuse(client, "unknown_session", "no such session", EXIT_USAGE)
                return
        match message.action:
            case "stop":
                core.do(core.ledger.stop_session(message.session, "stopped", EXIT_INCOMPLETE, now))
            case "detach":
                self._detach(core.sessions.by_id[message.session], now)
            case "shutdown":
                self._wait_for_end.add(client)
                core.effects.end("voicestream down")
            case _:
                core.hub.send(client, Done(text=self.controls.take(message, now)))

    def _detach(self, session: Session, now: float) -> None:
        if session.input_ended:
            self._core.handovers.ask(session, now)
        else:
            self._refuse(session.client, "not_available", "the input of the session has not ended", EXIT_USAGE)

    def _restart(self, client: bytes, message: RestartWorker, now: float) -> None:
        core = self._core
        if core.is_ending:
            self._refuse(client, "ending", "the supervisor is ending", EXIT_INCOMPLETE)
            return
        of_role = core.table.of_role(message.role)
        records = [record for record in of_role if message.engine in ("", record.engine_name)]
        if not records:
            running = ", ".join(record.name for record in of_role)
            hint = f"Try one of: {running}" if running else "It is started when a session needs it"
            wanted = f"{message.role}:{message.engine}" if message.engine else message.role
            self._refuse(client, "not_available", f"there is no worker {wanted}.\n{hint}", EXIT_USAGE)
            return
        for record in records:
            self._waiting[client, record.worker] = _Waiting(
                client=client, worker=record.worker, since=now, predecessor=record.incarnation
            )
        for record in records:
            self._restart_one(record, "kill" if message.now else "drain", now)

    def _restart_one(self, record: WorkerRecord, step: Step, now: float) -> None:
        core = self._core
        record.is_wanted = True
        if record.process is None:
            core.table.revive(record, now)
            return
        core.ledger.worker_unavailable(record.worker)
        core.table.end(record, step, now, requested=True, reason="restart")

    def _status(self, now: float) -> Status:
        core = self._core
        return Status(
            supervisor=worker_status.of_supervisor(
                uptime_seconds=now - core.started_at,
                sessions=len(core.sessions.by_id),
                keep_alive_seconds=core.keep_alive_seconds,
                run_directory=str(core.run_directory.path),
                slots=core.ledger.state.slots,
                frames_dropped=core.hub.dropped.total(),
                paused_by=self.controls.paused_by,
                overview=overview.of(core.ledger, now),
            ),
            workers=[row for role in get_args(Role) for row in self._rows(role, now)],
            sessions=session_status.of_all(core.sessions, core.ledger, now),
            failures=core.handovers.failures(now),
            notes={
                role: next((one.note for one in core.table.of_role(role) if one.note), "")
                for role in get_args(EngineRole)
            },
        )

    def _rows(self, role: Role, now: float) -> list[WorkerStatus]:
        """Return the status of a role's workers; a role without one has a row that says so."""
        core = self._core
        return [
            worker_status.of_worker(
                record,
                core.in_flight(record.worker),
                len(self._assignment.sessions_of(record.worker)),
                now,
            )
            for record in core.table.of_role(role)
        ] or [worker_status.not_started(role)]

    def _refuse(self, client: bytes, code: RefusalCode, text: str, exit_code: int) -> None:
        self._core.hub.send(client, Refused(text=text, exit_code=exit_code, code=code))


def _is_same_file(one: str, other: str) -> bool:
    """Return whether two paths name the same file, through any links; the file need not exist."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return Path(one).samefile(other)
    except OSError:
        return False  # one of them does not exist: it will be created as another file
