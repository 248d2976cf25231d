"""The front desk: what clients ask for, and what they are answered."""

from __future__ import annotations

import collections
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from voicestream import __version__
from voicestream.config.engine_settings import AUTO, UNTRANSLATED
from voicestream.errors import EXIT_CONFIGURATION, EXIT_INCOMPLETE, EXIT_USAGE
from voicestream.protocol.messages import (
    PROTOCOL_VERSION,
    Control,
    Done,
    EngineRole,
    OpenSession,
    Refused,
    RestartWorker,
    SessionOpened,
    Status,
    StatusRequest,
    WorkerRestarted,
)
from voicestream.supervisor import admission, requirements
from voicestream.supervisor.ledger import overview
from voicestream.supervisor.reporting import control_answers, session_events, session_status, worker_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.errors import OtherVersionError
    from voicestream.protocol.messages import FromClient, RefusalCode, Role, SessionOptions
    from voicestream.supervisor.loop import Supervisor
    from voicestream.supervisor.processes.shutdown import Step
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.requirements import Requirement
    from voicestream.supervisor.sessions import Session

MAX_REQUESTS_A_SECOND: Final = 100
"""Of one client: more than any person or script needs."""

PAUSE: Final = "voicestream pause"
"""Name of the command that pauses all sessions, as shown to people."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Waiting:
    """A client that waits for the next incarnation of a role."""

    client: bytes
    role: Role
    since: float
    predecessor: int


class RequestHandler:
    """Answers clients on behalf of the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._waiting: dict[tuple[bytes, Role], _Waiting] = {}
        self._wait_for_end: set[bytes] = set()
        self._asked: collections.Counter[bytes] = collections.Counter()
        """Requests of each client since ``_asked_since``."""
        self._asked_since = 0.0

    def take(self, client: bytes, message: FromClient, now: float) -> None:
        """One request of a client."""
        if self._asks_too_much(client, now):
            self._supervisor.hub.drop(client, "flood", type(message).__name__)
            return
        match message:
            case OpenSession():
                self._open(client, message, now)
            case Control():
                self._control(client, message, now)
            case StatusRequest():
                self._supervisor.hub.send(client, self._status(now))
            case RestartWorker():
                self._restart(client, message, now)
            case _:
                self._supervisor.hub.drop(client, "misplaced", type(message).__name__)

    def refuse_version(self, client: bytes, error: OtherVersionError, now: float) -> None:
        """A frame of another version: its sender is told, and may end this supervisor to get one of its own."""
        if error.is_shutdown:
            self._supervisor.end("voicestream down, of another version")
            return
        self._supervisor.hub.drop(client, "version", str(error))
        if not self._asks_too_much(client, now):
            text = (
                f"the supervisor that is running is of another version of voicestream "
                f"({__version__}, protocol {PROTOCOL_VERSION}; the request: protocol {error.version}).\n"
                f"Try: voicestream down"
            )
            self._refuse(client, "other_version", text, EXIT_CONFIGURATION)

    @property
    def paused_by(self) -> str:
        """The cause of a pause of all sessions; empty = they are not paused."""
        if self._supervisor.ledger.playing.paused:
            return PAUSE
        state = self._supervisor.ledger.state.sessions
        return ", ".join(state) if all(book.held for book in state.values()) else ""

    def hold(self, session: str, *, paused: bool, now: float) -> None:
        """Hold what is heard, or go on: of one session, or (``session`` empty) of all."""
        if session:
            self._supervisor.do(self._supervisor.ledger.hold_session(session, held=paused, now=now))
            return
        if paused != self._supervisor.ledger.playing.paused:
            self._supervisor.sessions.tell_all(
                lambda session: session_events.paused(session, PAUSE, now, paused=paused)
            )
        self._supervisor.do(self._supervisor.ledger.hold(paused=paused, now=now))
        if not paused:
            for each in list(self._supervisor.sessions.by_id):
                self._supervisor.do(self._supervisor.ledger.hold_session(each, held=False, now=now))

    def restart_done(self, record: WorkerRecord, now: float) -> None:
        """The next incarnation of a role is ready."""
        for waiting in self._waiting_for(record.role):
            if waiting.predecessor >= record.incarnation:
                continue
            del self._waiting[waiting.client, record.role]
            answer = WorkerRestarted(
                role=record.role,
                incarnation=record.incarnation,
                pid=record.process.pid if record.process else 0,
                path=record.last_exit or "",
                seconds=now - waiting.since,
            )
            self._supervisor.hub.send(waiting.client, answer)

    def restart_failed(self, record: WorkerRecord, reason: str) -> None:
        """There will be no next incarnation of a role."""
        for waiting in self._waiting_for(record.role):
            del self._waiting[waiting.client, record.role]
            self._refuse(
                waiting.client, "worker_failed", f"the {record.role} worker does not start: {reason}", EXIT_INCOMPLETE
            )

    def ended(self) -> None:
        """All workers are gone: tell who waited for that."""
        for client in self._wait_for_end:
            self._supervisor.hub.send(client, Done(text="ended"))

    def _waiting_for(self, role: Role) -> list[_Waiting]:
        return [waiting for waiting in self._waiting.values() if waiting.role == role]

    def _asks_too_much(self, client: bytes, now: float) -> bool:
        """Answers wait in our memory until they are read: who asks without end may never read any."""
        if now >= self._asked_since + 1.0:
            self._asked.clear()
            self._asked_since = now
        self._asked[client] += 1
        return self._asked[client] > MAX_REQUESTS_A_SECOND

    def _open(self, client: bytes, message: OpenSession, now: float) -> None:
        supervisor = self._supervisor
        if supervisor.is_ending:
            self._refuse(client, "ending", "the supervisor is ending", EXIT_INCOMPLETE)
            return
        sessions = supervisor.sessions.by_id
        checks: tuple[tuple[RefusalCode, Callable[[], str]], ...] = (
            (
                "too_many_sessions",
                lambda: admission.no_room(len(sessions), sum(one.detached for one in sessions.values())),
            ),
            ("options", lambda: admission.refusal(message.options)),
            ("file_in_use", lambda: self._file_in_use(message.options)),
            ("engine_in_use", lambda: self._engines(message.options, now)),
        )
        for code, check in checks:
            if text := check():
                self._refuse(client, code, text, EXIT_USAGE)
                return
        for role, record in supervisor.table.records.items():
            if record.state == "failed" and requirements.is_needed(role, message.options):
                # Nothing is spoken without it, and whoever starts a run wants it tried again.
                supervisor.table.revive(role, now)
        session = supervisor.sessions.open(client, message.options, message.pid, now, detach=message.detach)
        supervisor.idle_since = None
        records = supervisor.table.records
        translates = requirements.translates(message.options)
        supervisor.hub.send(
            client,
            SessionOpened(
                session=session.session,
                pid=os.getpid(),
                translator=records["translation"].engine_name if translates else UNTRANSLATED,
                tts=records["tts"].engine_name,
                note=supervisor.notes.of(records["translation"], told=translates and not message.options.quiet),
                tts_note=supervisor.notes.of(records["tts"], told=not message.options.quiet),
                paused_by=self.paused_by,
            ),
        )
        _log.info("session=%s state=opened client_pid=%d", session.session, message.pid)
        opened = supervisor.ledger.open_session(session.session, message.options, now, detach=message.detach)
        supervisor.do(opened)

    def role_failed(self, record: WorkerRecord, reason: str, exit_code: int, now: float) -> None:
        """There is no worker of a role: end the sessions that cannot do without it, and no others.

        The failure of an engine belongs to those who wanted that engine: the role goes on with what another session
        wants, if that is something else.
        """
        supervisor = self._supervisor
        self.restart_failed(record, reason)
        others: list[Requirement] = []
        for session in list(supervisor.sessions.by_id.values()):
            if not requirements.is_needed(record.role, session.options):
                continue
            requirement = requirements.required_engines(session.options).get(record.role)
            if requirement is None or requirement.is_what_runs(record):
                text = f"{session_events.WORDS[record.role]}: {reason}"
                supervisor.do(supervisor.ledger.stop_session(session.session, text, exit_code, now))
            else:
                others.append(requirement)
        if others and not supervisor.is_ending:
            self._exchange(record, others[0], now)

    def _engines(self, options: SessionOptions, now: float) -> str:
        """Make sure that the workers have the engines a session wants; returns why not, or nothing.

        All or nothing: a session that is refused has changed nothing.
        """
        records = self._supervisor.table.records
        exchanges: list[tuple[WorkerRecord, Requirement]] = []
        for role, requirement in requirements.required_engines(options).items():
            record = records[role]
            if self._suits(record, requirement):
                continue
            if record.state != "failed" and self._is_in_use(role):
                is_set = record.settings == requirement.settings or self._settings_are_nothing_to(
                    record, requirement.engine
                )
                other = f"{requirement.engine} with other --models, --compute, --gpu or --graphs"
                return (
                    f"the {role} worker runs {record.engine_name} for another session, not "
                    f"{requirement.engine if is_set else other}.\nWait for that session, or try: voicestream down"
                )
            exchanges.append((record, requirement))
        for record, requirement in exchanges:
            self._exchange(record, requirement, now)
        return ""

    def _suits(self, record: WorkerRecord, requirement: Requirement) -> bool:
        """Whether a session with this requirement can be served by what runs now, or is to run soon."""
        if record.state == "failed":
            return requirement.is_what_runs(record)
        fits = requirement.engine in (record.engine, record.engine_name) or (
            requirement.engine == AUTO and record.engine != UNTRANSLATED
        )
        return fits and (
            record.settings == requirement.settings or self._settings_are_nothing_to(record, requirement.engine)
        )

    def _exchange(self, record: WorkerRecord, requirement: Requirement, now: float) -> None:
        """Have another engine in the place of what runs, or has failed."""
        supervisor = self._supervisor
        record.engine = requirement.engine
        record.settings = requirement.settings
        if record.process is not None:
            supervisor.ledger.worker_unavailable(record.role)
            supervisor.table.end(record, "drain", now, requested=True, reason=f"engine {requirement.engine} is wanted")
        else:
            supervisor.table.revive(record.role, now)

    def _is_in_use(self, role: Role) -> bool:
        return any(
            requirements.is_needed(role, session.options) for session in self._supervisor.sessions.by_id.values()
        )

    def _settings_are_nothing_to(self, record: WorkerRecord, engine: str) -> bool:
        """Whether the engine that runs is right for who wants ``engine``, with whatever settings it was loaded.

        ``auto`` may have taken it for lack of weights that are where the new settings say. While others are listening
        nobody is refused for that: what runs speaks.
        """
        if requirements.uses_settings(record.role, record.engine_name):
            return False
        is_open_question = engine == AUTO == record.engine
        return not is_open_question or (record.role == "tts" and self._is_in_use("tts"))

    def _file_in_use(self, options: SessionOptions) -> str:
        path = options.output.path
        others = [s.options.output for s in self._supervisor.sessions.by_id.values()]
        if path and any(other.path and _is_same_file(other.path, path) for other in others):
            return f"another session is writing {path}.\nGive another name: --output FILE.wav"
        return ""

    def _control(self, client: bytes, message: Control, now: float) -> None:
        supervisor = self._supervisor
        ledger = supervisor.ledger
        text = ""
        if message.session or message.action in ("stop", "detach"):
            session = supervisor.sessions.by_id.get(message.session)
            if session is None or session.client != client:
                self._refuse(client, "unknown_session", "no such session", EXIT_USAGE)
                return
        match message.action:
            case "pause" | "resume":
                is_pause = message.action == "pause"
                text = control_answers.of_hold(
                    paused=is_pause, by=self.paused_by, is_heard=bool(ledger.waiting(everything=True))
                )
                self.hold(message.session, paused=is_pause, now=now)
            case "skip" | "hush":
                everything = message.action == "hush"
                text = control_answers.of_skip(ledger.waiting(everything=everything), everything=everything)
                supervisor.do(ledger.skip(now, everything=everything))
            case "stop":
                supervisor.do(ledger.stop_session(message.session, "stopped", EXIT_INCOMPLETE, now))
                return
            case "detach":
                self._detach(supervisor.sessions.by_id[message.session], now)
                return
            case "shutdown":
                self._wait_for_end.add(client)
                supervisor.end("voicestream down")
                return
            case "replay":
                self._refuse(client, "not_available", "replay is not there yet", EXIT_USAGE)
                return
        supervisor.hub.send(client, Done(text=text))

    def _detach(self, session: Session, now: float) -> None:
        if session.input_ended:
            self._supervisor.handovers.ask(session, now)
        else:
            self._refuse(session.client, "not_available", "the input of the session has not ended", EXIT_USAGE)

    def _restart(self, client: bytes, message: RestartWorker, now: float) -> None:
        supervisor = self._supervisor
        if supervisor.is_ending:
            self._refuse(client, "ending", "the supervisor is ending", EXIT_INCOMPLETE)
            return
        record = supervisor.table.records[message.role]
        self._waiting[client, message.role] = _Waiting(
            client=client, role=message.role, since=now, predecessor=record.incarnation
        )
        if record.process is None:
            supervisor.table.revive(message.role, now)
            return
        supervisor.ledger.worker_unavailable(message.role)
        step: Step = "kill" if message.now else "drain"
        supervisor.table.end(record, step, now, requested=True, reason="restart")

    def _status(self, now: float) -> Status:
        supervisor = self._supervisor
        return Status(
            supervisor=worker_status.of_supervisor(
                uptime_seconds=now - supervisor.started_at,
                sessions=len(supervisor.sessions.by_id),
                keep_alive_seconds=supervisor.keep_alive_seconds,
                run_directory=str(supervisor.run_directory.path),
                slots=supervisor.ledger.state.slots,
                frames_dropped=supervisor.hub.dropped.total(),
                paused_by=self.paused_by,
                overview=overview.of(supervisor.ledger, now),
            ),
            workers=[
                worker_status.of_worker(supervisor.table.records[role], supervisor.in_flight(role), now)
                for role in ("parser", "translation", "tts", "player")
            ],
            sessions=session_status.of_all(supervisor.sessions, supervisor.ledger, now),
            failures=supervisor.handovers.failures(now),
            notes={role: supervisor.table.records[role].note for role in get_args(EngineRole)},
        )

    def _refuse(self, client: bytes, code: RefusalCode, text: str, exit_code: int) -> None:
        self._supervisor.hub.send(client, Refused(text=text, exit_code=exit_code, code=code))


def _is_same_file(one: str, other: str) -> bool:
    """Whether two paths name one file, by whatever links; it need not be there yet."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return Path(one).samefile(other)
    except OSError:
        return False  # one of them is not there: what is to be made will be another file
