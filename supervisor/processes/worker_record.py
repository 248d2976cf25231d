"""Record of one worker: its present process, and the ends of earlier ones."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.protocol.messages import Latency
from voicestream.records import Record
from voicestream.supervisor.processes.shutdown import FOR_RESTART, Timeouts
from voicestream.supervisor.processes.watchdog import HealthSnapshot

if TYPE_CHECKING:
    from collections.abc import Container

    from voicestream.protocol.messages import Ready, Role, WorkerState
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.processes.process import WorkerProcess
    from voicestream.supervisor.processes.restart_policy import End
    from voicestream.supervisor.processes.shutdown import Step
    from voicestream.supervisor.processes.worker_log import WorkerLog
    from voicestream.supervisor.sessions.requirements import Requirement

KEPT_DURATIONS: Final = 256
"""Number of durations from which the percentiles are computed."""

KEPT_ENDS: Final = 16

MAX_READS: Final = 16
"""Upper bound of the reads when all pending output of a worker is read."""


class Stop(Record):
    """Shutdown in progress."""

    step: Step
    since: float
    timeouts: Timeouts = FOR_RESTART
    requested: bool = True
    """False if the watchdog requested it."""
    reason: str = ""


class WorkerRecord(Record):
    """One worker of the pool."""

    worker: WorkerId
    requirement: Requirement
    """Requirement that the worker meets."""
    log: WorkerLog
    process: WorkerProcess | None = None
    incarnation: int = 0
    """Incarnation of the present or last process, counted over all workers of the role."""
    starts: int = 0
    is_wanted: bool = True
    """False if no session needs it and it is about to end for good."""
    idle_since: float = 0.0
    """Time since which no session needs it; valid only while none does."""
    found_engine: str = ""
    """Engine that was ready last."""
    named_by: set[str] = field(default_factory=set[str])
    """Sessions that named the engine found by ``auto``; while there are any, the engine is kept."""
    state: WorkerState = "starting"
    detail: str = ""
    started_at: float = 0.0
    hello_at: float | None = None
    loading_at: float | None = None
    ready_at: float | None = None
    heard_at: float = 0.0
    ready: Ready | None = None
    stop: Stop | None = None
    cut_at: float | None = None
    """Time at which its lifeline was found cut, in seconds of the monotonic clock."""
    start_at: float | None = None
    """Time at which the next incarnation is to be started, in seconds of the monotonic clock."""
    last_exit: str | None = None
    failures: int = 0
    """Number of incarnations that ended, or could not be started, though nobody requested their end."""
    failure: str = ""
    """Last error reported by the worker; empty = none."""
    leaving: int | None = None
    """Exit code with which the worker announced its own end."""
    incompatible: str = ""
    """Reason why the worker cannot work with this supervisor; empty = none known."""
    ends: collections.deque[End] = field(default_factory=lambda: collections.deque["End"](maxlen=KEPT_ENDS))
    is_exchanged: bool = False
    """True during replacement because of memory growth: sessions get no reason and no progress."""
    hides_output: bool = False
    """True if this incarnation may print the agent's words: its output is counted, and not logged."""
    jobs: int = 0
    """Jobs done by this incarnation."""
    durations: collections.deque[float] = field(default_factory=lambda: collections.deque[float](maxlen=KEPT_DURATIONS))
    """Durations of the last jobs, in seconds."""

    @property
    def role(self) -> Role:
        """Role of the worker."""
        return self.worker.role

    @property
    def name(self) -> str:
        """Name as typed by a person: ``parser``, ``tts:espeak``."""
        return f"{self.role}:{self.engine_name}" if self.engine_name else self.role

    @property
    def was_killed_while_loading(self) -> bool:
        """True if a signal ended it before it was ready, as happens without enough memory."""
        return self.process is None and self.ready_at is None and bool(self.ends) and self.ends[-1].exit_code is None

    @property
    def engine_to_start(self) -> str:
        """Engine of the next incarnation."""
        return self.found_engine if self.found_engine and self.named_by else self.requirement.engine

    @property
    def engine_name(self) -> str:
        """Engine that runs and stays, else the requested one."""
        return self.ready.engine if self.ready and self.stop is None else self.engine_to_start

    @property
    def note(self) -> str:
        """Reason why ``auto`` chose no better engine; empty = none."""
        return self.ready.note if self.ready and self.stop is None else ""

    @property
    def restarts(self) -> int:
        """Number of restarts."""
        return max(0, self.starts - 1)

    def read(self, process: WorkerProcess, ready: Container[object], now: float) -> None:
        """Read its pending log and output, for each ``ready`` descriptor."""
        if process.log in ready:
            self.log.pump(process.log, now)
        if process.output in ready:
            self.log.pump_output(process.output, now, hidden=self.hides_output)

    def read_rest(self, process: WorkerProcess, now: float) -> None:
        """Read all pending log and output (at most ``MAX_READS`` times ``READ_BYTES``)."""
        for _ in range(MAX_READS):
            if not self.log.pump_output(process.output, now, hidden=self.hides_output):
                break
        for _ in range(MAX_READS):
            if not self.log.pump(process.log, now):
                break

    def done(self, seconds: float) -> None:
        """Count a job of this duration."""
        self.jobs += 1
        self.durations.append(seconds)

    def latency(self) -> Latency:
        """Return percentiles of the last jobs' durations."""
        if not self.durations:
            return Latency()
        if len(self.durations) == 1:
            only = self.durations[0] * 1000
            return Latency(p50=only, p95=only)
        import statistics  # noqa: PLC0415 - rarely needed, and takes its time

        cuts = statistics.quantiles(self.durations, n=20, method="inclusive")
        return Latency(p50=cuts[9] * 1000, p95=cuts[18] * 1000)

    def health(self, stalled_since: float | None, characters: int, attended_since: float) -> HealthSnapshot:
        """Return the health snapshot for the watchdog."""
        return HealthSnapshot(
            started_at=self.started_at,
            hello_at=self.hello_at,
            loading_at=self.loading_at,
            ready_at=self.ready_at,
            heard_at=self.heard_at,
            stalled_since=stalled_since,
            characters=characters,
            attended_since=attended_since,
        )
