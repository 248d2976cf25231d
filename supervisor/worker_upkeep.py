"""Upkeep of running workers: the end of idle ones, and the replacement of those whose memory has grown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from voicestream.supervisor.processes import idle_workers
from voicestream.supervisor.processes.idle_workers import Snapshot
from voicestream.supervisor.processes.memory_exchange import Growth, Look, buffered_seconds
from voicestream.supervisor.reporting.worker_status import memory_bytes

if TYPE_CHECKING:
    from voicestream.config.worker_limits import WorkerLimits
    from voicestream.protocol.messages import Role
    from voicestream.supervisor.assignment import Assignment
    from voicestream.supervisor.core import Core
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.processes.worker_record import WorkerRecord

IDLE_CHECK_SECONDS: Final = 1.0
"""Seconds between two checks for idle workers."""

MEMORY_CHECK_SECONDS: Final = 5.0
"""Seconds between two measurements of memory."""

EXCHANGED_ROLES: Final[tuple[Role, ...]] = ("tts", "translation")
"""Roles whose workers run engines."""

_log = logging.getLogger(__name__)


class IdleWorkers:
    """Shutdown of workers that no session needs."""

    def __init__(self, core: Core, assignment: Assignment, limits: WorkerLimits) -> None:
        self._core = core
        self._assignment = assignment
        self._limits = limits
        self._look_at = 0.0

    def look(self, now: float) -> None:
        """End idle workers if a check is due."""
        if now < self._look_at or self._core.is_ending:
            return
        self._look_at = now + IDLE_CHECK_SECONDS
        if any(self._idle_since(record) is not None for record in self._core.table.records.values()):
            self._end(idle_workers.to_end(self._snapshots(), self._limits, now), now)

    def make_room(self, for_worker: WorkerId, now: float) -> None:
        """End all idle workers after a worker was killed during loading, maybe for lack of memory."""
        records = self._core.table.records.values()
        idle = [one.worker for one in records if one.worker != for_worker and self._idle_since(one) is not None]
        self._end([(worker, "another worker could not be loaded") for worker in idle], now)

    def _end(self, workers: list[tuple[WorkerId, str]], now: float) -> None:
        core = self._core
        for worker, reason in workers:
            record = core.table.records[worker]
            _log.info("role=%s incarnation=%d dismissed=%r", record.role, record.incarnation, reason)
            core.ledger.worker_unavailable(worker)
            core.table.dismiss(record, reason, now)

    def _snapshots(self) -> list[Snapshot]:
        return [
            Snapshot(
                worker=record.worker,
                memory=memory_bytes(record.process.pid) if record.process is not None else 0,
                idle_since=self._idle_since(record),
            )
            for record in self._core.table.records.values()
        ]

    def _idle_since(self, record: WorkerRecord) -> float | None:
        """Return the time since which no session needs a worker; None if one does, or its role has only one worker."""
        is_only_one = record.role in ("parser", "player")
        if is_only_one or not record.is_wanted or self._assignment.sessions_of(record.worker):
            return None
        return record.idle_since


class MemoryExchange:
    """Replacement of workers whose memory has grown."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._look_at = 0.0
        self._growths: dict[tuple[WorkerId, int], Growth] = {}
        """Memory growth, by worker and incarnation."""

    def look(self, now: float) -> None:
        """Measure memory if a check is due, and replace at most one worker."""
        core = self._core
        if now < self._look_at or core.is_ending:
            return
        self._look_at = now + MEMORY_CHECK_SECONDS
        records = [record for role in EXCHANGED_ROLES for record in core.table.of_role(role)]
        current = {(record.worker, record.incarnation): record for record in records}
        self._growths = {key: self._growths.get(key) or Growth() for key in current}
        for key, record in current.items():
            if (
                record.state == "ready"
                and record.stop is None
                and (reason := self._growths[key].take(self._seen(record, now)))
            ):
                # Another supervisor may have replaced this one; then the next worker could not connect.
                if core.run_directory.is_intact():
                    _log.info("role=%s incarnation=%d exchange=%r", record.role, record.incarnation, reason)
                    record.is_exchanged = True
                    core.ledger.worker_unavailable(record.worker)
                    core.table.end(record, "drain", now, requested=True, reason=reason)
                return

    def _seen(self, record: WorkerRecord, now: float) -> Look:
        core = self._core
        sessions = core.ledger.state.sessions.values()
        return Look(
            now=now,
            jobs=record.jobs,
            is_busy=core.in_flight(record.worker) > 0,
            memory=memory_bytes(record.process.pid) if record.process is not None else 0,
            loading_seconds=(record.ready_at or now) - record.started_at,
            buffered_seconds=buffered_seconds(session.rows.values() for session in sessions),
        )
