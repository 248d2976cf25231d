"""Exchange of a worker whose memory has grown: engines and their libraries leak, and a worker may live for weeks.

It is drained and the next incarnation started, as by ``workers restart``, at a moment when nobody hears it: while it is
idle, or, if it never is, between two sentences while enough sound is ready. It is no failure: it counts for nothing in
the restart policy, and only the log and ``workers status`` show it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.supervisor.ledger.sentences import Stage
from voicestream.supervisor.reporting.worker_status import memory_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import Role
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.loop import Supervisor
    from voicestream.supervisor.processes.worker_record import WorkerRecord

EXCHANGED_ROLES: Final[tuple[Role, ...]] = ("tts", "translation")
"""Those that run engines."""

LOOK_SECONDS: Final = 5.0
"""Interval between two measurements of memory."""

WARM_JOBS: Final = 50
"""After so many jobs caches are filled: what is held then is normal."""

LEAST_GROWTH_BYTES: Final = 64 << 20
"""Less growth than this costs nobody anything ..."""

GROWTH_SHARE: Final = 0.5
"""... nor does less than this share of what is normal."""

IDLE_SECONDS: Final = 15.0
"""Without a job for so long, the worker is probably not wanted in the next moment either."""

LOADING_RESERVE: Final = 2.0
"""A start may take this many times as long as the last one did ..."""

RESERVE_SECONDS: Final = 2.0
"""... and this much longer."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """Snapshot of a worker for the exchange policy."""

    now: float
    jobs: int
    """Done by this incarnation."""
    is_busy: bool
    """It has a job in hand."""
    memory: int
    """Bytes."""
    loading_seconds: float
    """From its start until it was ready."""
    buffered_seconds: float
    """Sound that is ready to be heard, of the session that has least of it."""


class Growth:
    """Memory of one incarnation over time; sans-I/O."""

    def __init__(self) -> None:
        self._normal: int | None = None
        self._jobs = 0
        self._worked_at = 0.0

    def take(self, look: Look) -> str:
        """One look; returns why the worker is to be exchanged now, or nothing."""
        if look.is_busy or look.jobs != self._jobs:
            self._worked_at = look.now
        self._jobs = look.jobs
        if self._normal is None:
            if look.jobs >= WARM_JOBS:
                self._normal = look.memory
            return ""
        growth = look.memory - self._normal
        limit = max(LEAST_GROWTH_BYTES, self._normal * GROWTH_SHARE)
        reserve = look.loading_seconds * LOADING_RESERVE + RESERVE_SECONDS
        is_idle = look.now - self._worked_at >= IDLE_SECONDS
        # A worker that is never idle is exchanged between sentences; one whose sound nobody stores, at last anyhow.
        is_unheard = is_idle or (growth >= 2 * limit and look.buffered_seconds >= reserve) or growth >= 4 * limit
        return f"its memory has grown by {growth >> 20} MiB" if growth >= limit and is_unheard else ""


def buffered_seconds(sessions: Iterable[Iterable[Row]]) -> float:
    """Sound that is ready before the first sentence that is not, of the session that has least of it.

    Args:
        sessions: the sentences of each that are not done, in the order in which they are heard.

    Returns:
        Infinity if nothing is waited for.
    """
    least = float("inf")
    for rows in sessions:
        frames = 0
        for row in rows:
            frames += sum(segment.frames for segment in row.segments)
            if row.stage is not Stage.SPOKEN:
                least = min(least, frames / SAMPLE_RATE)
                break
    return least


class Exchange:
    """Looks after the workers that run engines."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._look_at = 0.0
        self._growths: dict[tuple[WorkerId, int], Growth] = {}
        """By worker and incarnation."""

    def look(self, now: float) -> None:
        """Measure, if it is time to, and exchange at most one worker."""
        supervisor = self._supervisor
        if now < self._look_at or supervisor.is_ending:
            return
        self._look_at = now + LOOK_SECONDS
        records = [record for role in EXCHANGED_ROLES for record in supervisor.table.of_role(role)]
        current = {(record.worker, record.incarnation): record for record in records}
        self._growths = {key: self._growths.get(key) or Growth() for key in current}
        for key, record in current.items():
            if (
                record.state == "ready"
                and record.stop is None
                and (reason := self._growths[key].take(self._seen(record, now)))
            ):
                # Another supervisor may have taken our place; then the next worker would not find us.
                if supervisor.run_directory.is_intact():
                    _log.info("role=%s incarnation=%d exchange=%r", record.role, record.incarnation, reason)
                    record.is_exchanged = True
                    supervisor.ledger.worker_unavailable(record.worker)
                    supervisor.table.end(record, "drain", now, requested=True, reason=reason)
                return

    def _seen(self, record: WorkerRecord, now: float) -> Look:
        supervisor = self._supervisor
        sessions = supervisor.ledger.state.sessions.values()
        return Look(
            now=now,
            jobs=record.jobs,
            is_busy=supervisor.in_flight(record.worker) > 0,
            memory=memory_bytes(record.process.pid) if record.process is not None else 0,
            loading_seconds=(record.ready_at or now) - record.started_at,
            buffered_seconds=buffered_seconds(session.rows.values() for session in sessions),
        )
