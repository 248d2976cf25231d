"""Process table: start, monitoring, replacement and end of the worker processes.

All decisions are made by ``watchdog``, ``shutdown`` and ``restart_policy``. Results are returned as events for the
supervisor.
"""

from __future__ import annotations

import collections
import errno
import logging
from typing import TYPE_CHECKING, Final

from voicestream import log
from voicestream.errors import EXIT_CONFIGURATION, EXIT_INCOMPLETE, EXIT_NO_AUDIO
from voicestream.protocol import lifeline
from voicestream.protocol.messages import PROTOCOL_VERSION, Drain, Hello, Loading, Ready, Stopping
from voicestream.protocol.messages import Stop as StopMessage
from voicestream.supervisor.processes import restart_policy, shutdown, watchdog
from voicestream.supervisor.processes.process import Launch, WorkerProcess, describe_exit
from voicestream.supervisor.processes.worker_events import (
    BecameReady,
    Ended,
    GivenUp,
    Removed,
    Started,
    crashed,
    not_started,
)
from voicestream.supervisor.processes.worker_pool import WorkerPool
from voicestream.supervisor.processes.worker_record import Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicestream.errors import OtherVersionError
    from voicestream.protocol.messages import FromWorker, Role
    from voicestream.protocol.pool_memory import Segment
    from voicestream.supervisor.hub import Hub
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.processes.shutdown import Step, Timeouts
    from voicestream.supervisor.processes.worker_events import WorkerEvent
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.sessions.requirements import Requirement

START_ORDER: Final[tuple[Role, ...]] = ("player", "tts", "translation", "parser")
"""Start order of the roles, receivers first; the reverse order of shutdown stops sources before their sinks."""

SOUND_ROLES: Final = frozenset({"tts", "player"})
"""Roles that attach to the audio pool; the others remove its name once the supervisor was killed."""

MAX_WAIT_FOR_REAPING_SECONDS: Final = 0.5
"""Seconds to wait for the end of a process whose lifeline is cut; one that runs longer has only closed it."""

MAX_LEAVING_SECONDS: Final = 5.0
"""Seconds to wait for a process that announced its end: on a busy machine an interpreter takes seconds to exit."""

EXPLAINED: Final = frozenset({EXIT_CONFIGURATION, EXIT_NO_AUDIO})
"""Exit codes of workers that sent the reason before they exited: a wrong configuration, and a sound system that hangs,
for which the player fails the session that it was opening."""

MAX_WAIT_FOR_REASON_SECONDS: Final = 2.0
"""Seconds to wait for that reason: the end of the process and its last messages arrive on different descriptors, in any
order. Messages of a worker that was declared ended are not accepted."""

REAP_AGAIN_SECONDS: Final = 0.002

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""Errors of a system that temporarily has no resources for another process."""

LADDER_LOOK_SECONDS: Final = 0.02

_log = logging.getLogger(__name__)


def _exit_code(status: int, leaving: int | None) -> int | None:
    """Return the exit code that counts for the restart policy; None: a signal, without an announced exit code.

    Args:
        status: of the process; negative: a signal.
        leaving: the exit code that the process announced. It takes precedence over an error during exit (a kill after
            a timeout, an error of an unloading library).
    """
    return leaving if leaving or status < 0 else status


class ProcessTable(WorkerPool):
    """The processes of the workers."""

    def __init__(
        self,
        hub: Hub,
        *,
        hub_path: Path,
        segment: Segment,
        limits: watchdog.Limits,
        threads: int,
        progress: Callable[[WorkerId], tuple[float | None, int]],
    ) -> None:
        """Set up the table; no process is started before ``obtain``.

        Args:
            hub: to send to workers.
            hub_path: where workers connect.
            segment: the memory of the audio pool.
            limits: for the watchdog.
            threads: for numeric libraries in each worker.
            progress: for a worker, since when its job is stalled (None: it is not) and how many characters it has.
        """
        super().__init__()
        self._hub = hub
        self._hub_path = hub_path
        self._segment = segment
        self._limits = limits
        self._threads = threads
        self._progress = progress
        self._events: list[WorkerEvent] = []
        self._wanted = True
        self._looked_at = self._attended_since = 0.0
        self._incarnations: Final[collections.Counter[Role]] = collections.Counter()
        """Number of processes started per role, so that no name on the hub is used twice."""

    def obtain(self, requirement: Requirement, now: float) -> WorkerRecord:
        """Return the worker that meets a requirement; start it if it is missing or has failed."""
        record = self.find(requirement)
        if record is None:
            record = self.add(requirement)
            self._start(record, now)
        elif record.state == "failed":
            # A new request retries the start.
            self.revive(record, now)
        record.is_wanted = True
        record.idle_since = now
        return record

    @property
    def has_events(self) -> bool:
        """True if ``take_events`` has events."""
        return bool(self._events)

    def take_events(self) -> list[WorkerEvent]:
        """Return the events since the last call."""
        events, self._events = self._events, []
        return events

    def heard(self, record: WorkerRecord, message: FromWorker, now: float) -> None:
        """Record a worker's message about itself."""
        record.heard_at = now
        match message:
            case Hello() if record.hello_at is None:
                record.hello_at = now
                if record.stop is None:
                    self._change(record, "loading")
            case Loading():
                record.loading_at = now
                share = "" if message.progress is None else f" {message.progress:.0%}"
                record.detail = f"{message.stage}{share}"
            case Ready() if record.ready_at is None:
                if record.process is not None:
                    record.read_rest(record.process, now)  # printed while it had no sentences
                record.hides_output = record.role not in log.WORDLESS_ROLES
                record.ready_at = now
                record.ready = message
                record.found_engine = message.engine
                record.detail = ""
                if record.stop is None:
                    self._change(record, "ready")
                    self._events.append(BecameReady(record.worker))
            case Ready():
                record.ready = message  # the engine has moved to another device
                record.detail = ""
            case Stopping() if record.stop is None:
                # An unrequested end comes with its reason; a requested one only repeats that of the request.
                record.failure = message.reason
                record.leaving = message.exit_code
            case _:
                pass

    def heard_other_version(self, record: WorkerRecord, error: OtherVersionError, now: float) -> None:
        """Handle a worker of another protocol version: end it, and start no other."""
        record.heard_at = now
        reason = f"it speaks protocol {error.version}, the supervisor {PROTOCOL_VERSION}"
        record.incompatible = reason
        record.failure = f"{reason}\nAnother version was installed meanwhile. Try: voicestream down"
        self.end(record, "stop", now, requested=False, reason=reason)

    def check(self, now: float) -> None:
        """Reap ended processes, start due ones, check the watchdog, and escalate shutdowns."""
        self._attended_since = watchdog.attended_since(self._attended_since, self._looked_at, now)
        self._looked_at = now
        for record in list(self.records.values()):
            if record.process is not None:
                self._check_process(record, record.process, now)
            elif record.start_at is not None and now >= record.start_at:
                self._start(record, now)

    def due_at(self, now: float) -> float:
        """Return the time at which ``check`` is due even if no descriptor is ready."""
        times = [now + 60.0]
        for record in self.records.values():
            if record.process is None:
                if record.start_at is not None:
                    times.append(record.start_at)
            elif record.cut_at is not None:
                times.append(now + REAP_AGAIN_SECONDS)
            elif record.stop is not None:
                times.append(now + LADDER_LOOK_SECONDS)
            else:
                times.append(watchdog.due(self._health(record), self._limits)[0])
        return min(times)

    def end(
        self,
        record: WorkerRecord,
        step: Step,
        now: float,
        *,
        requested: bool,
        reason: str,
        timeouts: Timeouts = shutdown.FOR_RESTART,
    ) -> None:
        """Begin the shutdown of a worker at a step; a shutdown in progress can only escalate."""
        order = ("drain", "stop", "term", "kill")
        if record.process is None:
            return
        if record.stop is not None and order.index(record.stop.step) >= order.index(step):
            return
        if record.ready_at is None and step == "drain":
            step = "stop"  # it has no job
        if record.stop is None:
            record.stop = Stop(step=step, since=now, timeouts=timeouts, requested=requested, reason=reason)
            self._change(record, "stopping")
        else:
            record.stop.step = step
            record.stop.since = now
            record.stop.reason = reason
        self._act(record, step)

    def revive(self, record: WorkerRecord, now: float) -> None:
        """Reset the failures of a worker without a process, because a person requested a restart."""
        record.ends.clear()
        record.start_at = now
        self._change(record, "backoff")

    def dismiss(self, record: WorkerRecord, reason: str, now: float) -> None:
        """End a worker that no session needs, for good; ``obtain`` can revoke this until it has ended."""
        record.is_wanted = False
        if record.process is None:
            self._remove(record)
        else:
            self.end(record, "drain", now, requested=True, reason=reason)

    def stop_all(self, now: float) -> None:
        """Begin the shutdown of all workers, sources first; ``is_empty`` is True when it is complete."""
        self._wanted = False
        for role in reversed(START_ORDER):
            for record in self.of_role(role):
                record.start_at = None
                self.end(record, "drain", now, requested=True, reason="shutdown", timeouts=shutdown.FOR_SHUTDOWN)

    def _remove(self, record: WorkerRecord) -> None:
        del self.records[record.worker]
        self._events.append(Removed(record.worker))

    def _start(self, record: WorkerRecord, now: float) -> None:
        engine = record.engine_to_start
        self._incarnations[record.role] += 1
        record.incarnation = self._incarnations[record.role]
        record.starts += 1
        record.start_at = None
        record.started_at = record.heard_at = now
        record.hello_at = record.loading_at = record.ready_at = None
        record.ready = None
        record.stop = None
        record.cut_at = None
        record.failure = record.detail = record.incompatible = ""
        record.leaving = None
        record.hides_output = False
        record.jobs = 0
        pool = self._segment.source
        launch = Launch(
            role=record.role,
            incarnation=record.incarnation,
            hub=self._hub_path,
            engine=engine,
            pool=pool if isinstance(pool, str) or record.role in SOUND_ROLES else None,
            threads=self._threads,
            settings=record.requirement.settings,
            language=record.requirement.language,
        )
        try:
            record.process = WorkerProcess(launch)
        except OSError as error:
            no_room = error.errno in NO_ROOM
            end = restart_policy.End(at=now, ready_seconds=0.0, exit_code=None, requested=False, refused=no_room)
            text = f"could not be started: {error.strerror}"
            self._record_end(record, end, error.strerror or str(error), text)
            return
        self._change(record, "starting")
        self._events.append(Started(record.worker))

    def _check_process(self, record: WorkerRecord, process: WorkerProcess, now: float) -> None:
        status = process.reap()
        if status is None:
            if record.stop is not None:
                since = max(record.stop.since, self._attended_since)
                step = shutdown.next_step(record.stop.step, since, record.stop.timeouts, now)
                if step is not None:
                    self.end(record, step, now, requested=record.stop.requested, reason=record.stop.reason)
                elif record.stop.step == "drain":
                    # It has all the time limits that its job needs, and none for a freeze.
                    self._ring(record, now)
                return
            if self._ring(record, now):
                return
            if record.cut_at is None and lifeline.is_cut(process.lifeline):
                record.cut_at = now
            elif record.cut_at is not None and now >= record.cut_at + (
                MAX_WAIT_FOR_REAPING_SECONDS if record.leaving is None else MAX_LEAVING_SECONDS
            ):
                self.end(record, "kill", now, requested=False, reason="it has closed its lifeline")
            return
        if status in EXPLAINED and record.leaving is None and record.stop is None:
            record.cut_at = now if record.cut_at is None else record.cut_at
            if now < record.cut_at + MAX_WAIT_FOR_REASON_SECONDS:
                return
        record.read_rest(process, now)
        record.log.tell_hidden(now)
        process.close()
        record.process = None
        stop = record.stop
        how = f"{stop.step}: {stop.reason}" if stop else "died"
        exit_text = f"{describe_exit(status)} ({how})"
        ready_seconds = now - record.ready_at if record.ready_at is not None else 0.0
        end = restart_policy.End(
            at=now,
            ready_seconds=ready_seconds,
            exit_code=_exit_code(status, record.leaving),
            requested=stop is not None and stop.requested,
            worked=record.jobs > 0,
            incompatible=record.incompatible,
        )
        self._record_end(record, end, describe_exit(status), exit_text)

    def _ring(self, record: WorkerRecord, now: float) -> bool:
        """End a worker whose watchdog alarm is due; return whether it was."""
        at, reason = watchdog.due(self._health(record), self._limits)
        if now < at:
            return False
        self.end(record, "kill", now, requested=record.stop is not None and record.stop.requested, reason=reason)
        return True

    def _record_end(self, record: WorkerRecord, end: restart_policy.End, status: str, exit_text: str) -> None:
        record.last_exit = exit_text
        record.failures += not end.requested
        tried_before = bool(record.ends) and record.ends[-1].refused
        record.ends.append(end)
        _log.info("role=%s incarnation=%d ended=%r", record.role, record.incarnation, exit_text)
        decision = restart_policy.decide(list(record.ends), wanted=self._wanted and record.is_wanted)
        counts_as_failure = not (end.requested or end.refused)
        told = ""
        if end.refused and not tried_before:
            told = not_started(record.role, status)
        elif counts_as_failure and isinstance(decision, restart_policy.StartAt):
            told = crashed(record.role, status, record.stop.reason if record.stop else "")
        reason = f"the {record.role} worker {exit_text if end.refused else f'ended: {exit_text}'}"
        self._events.append(Ended(worker=record.worker, reason=reason, counts_as_failure=counts_as_failure, told=told))
        match decision:
            case restart_policy.StartAt(at=at):
                record.start_at = at
                self._change(record, "backoff")
            case restart_policy.GiveUp(reason=reason):
                self._change(record, "failed")
                record.detail = (
                    record.failure or f"{reason}; last: {exit_text}\nTry: voicestream workers logs {record.role}"
                )
                is_configuration = end.exit_code == EXIT_CONFIGURATION or bool(end.incompatible)
                exit_code = EXIT_CONFIGURATION if is_configuration else EXIT_INCOMPLETE
                self._events.append(GivenUp(worker=record.worker, reason=record.detail, exit_code=exit_code))
            case restart_policy.StayDown():
                self._change(record, "stopping")
                if not record.is_wanted:
                    self._remove(record)

    def _act(self, record: WorkerRecord, step: Step) -> None:
        process = record.process
        if process is None:
            return
        _log.info(
            "role=%s incarnation=%d stop=%s reason=%r",
            record.role,
            record.incarnation,
            step,
            record.stop.reason if record.stop else "",
        )
        match step:
            case "drain":
                self._hub.send(process.identity, Drain())
            case "stop":
                self._hub.send(process.identity, StopMessage())
            case "term":
                process.terminate()
            case "kill":
                process.kill()

    def _health(self, record: WorkerRecord) -> watchdog.HealthSnapshot:
        stalled_since, characters = self._progress(record.worker)
        return record.health(stalled_since, characters, self._attended_since)

    def _change(self, record: WorkerRecord, state: str) -> None:
        if record.state != state:
            _log.info("role=%s incarnation=%d state=%s", record.role, record.incarnation, state)
        record.state = state  # type: ignore[assignment]
