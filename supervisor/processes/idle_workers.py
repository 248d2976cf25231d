"""End of idle workers: those that no session needs, after a time, or sooner where workers take too much memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.supervisor.reporting.worker_status import memory_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.config.worker_limits import WorkerLimits
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.loop import Supervisor

LOOK_SECONDS: Final = 1.0
"""Interval between two looks."""

MIB: Final = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """What the policy knows of a worker."""

    worker: WorkerId
    memory: int
    """Bytes."""
    idle_since: float | None
    """Since when no session needs it; None: one does, or it is of a role whose only worker never ends."""


def to_end(workers: Iterable[Snapshot], limits: WorkerLimits, now: float) -> list[tuple[WorkerId, str]]:
    """The workers to end, each with the reason. Pure.

    Args:
        workers: all of them.
        limits: of time and memory.
        now: seconds on the monotonic clock.
    """
    known = list(workers)
    total = sum(one.memory for one in known)
    found: list[tuple[WorkerId, str]] = []
    idle = [(one.idle_since, one.worker, one.memory) for one in known if one.idle_since is not None]
    for idle_since, worker, memory in sorted(idle):
        if now >= idle_since + limits.idle_seconds:
            found.append((worker, f"no session has needed it for {limits.idle_seconds:g} s"))
        elif limits.memory_bytes and total > limits.memory_bytes:
            taken = f"workers take {total // MIB} MiB, more than {limits.memory_bytes // MIB}"
            found.append((worker, f"{taken}, and no session needs it"))
        else:
            continue
        total -= memory
    return found


class IdleWorkers:
    """Ends the workers that ``to_end`` names."""

    def __init__(self, supervisor: Supervisor, limits: WorkerLimits) -> None:
        self._supervisor = supervisor
        self._limits = limits
        self._look_at = 0.0

    def look(self, now: float) -> None:
        """End what is to be ended, if it is time to look."""
        if now < self._look_at or self._supervisor.is_ending:
            return
        self._look_at = now + LOOK_SECONDS
        self._end(to_end(self._snapshots(), self._limits, now), now)

    def make_room(self, for_worker: WorkerId, now: float) -> None:
        """A worker was killed while it was loading, maybe for lack of memory: end all others that are idle."""
        others = [one for one in self._snapshots() if one.worker != for_worker]
        idle = [one.worker for one in others if one.idle_since is not None]
        self._end([(worker, "another worker could not be loaded") for worker in idle], now)

    def _end(self, workers: list[tuple[WorkerId, str]], now: float) -> None:
        supervisor = self._supervisor
        for worker, reason in workers:
            record = supervisor.table.records[worker]
            _log.info("role=%s incarnation=%d dismissed=%r", record.role, record.incarnation, reason)
            supervisor.ledger.worker_unavailable(worker)
            supervisor.table.dismiss(record, reason, now)

    def _snapshots(self) -> list[Snapshot]:
        supervisor = self._supervisor
        return [
            Snapshot(
                worker=record.worker,
                memory=memory_bytes(record.process.pid) if record.process is not None else 0,
                idle_since=None
                if record.role in ("parser", "player")
                or not record.is_wanted
                or supervisor.assignment.sessions_of(record.worker)
                else record.idle_since,
            )
            for record in supervisor.table.records.values()
        ]
