"""Record of one worker: the process that runs now, and how those before it ended."""

from __future__ import annotations

import collections
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import Latency
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
"""Jobs from which the percentiles are made."""

KEPT_ENDS: Final = 16

MAX_READS: Final = 16
"""How often what a worker has printed is read at a time, when all of it is wanted."""


@dataclass
class Stop:
    """An ending under way."""

    step: Step
    since: float
    timeouts: Timeouts = FOR_RESTART
    requested: bool = True
    """False: an alarm wanted it."""
    reason: str = ""


@dataclass
class WorkerRecord:
    """One worker of the pool."""

    worker: WorkerId
    requirement: Requirement
    """What it is started with."""
    log: WorkerLog
    process: WorkerProcess | None = None
    incarnation: int = 0
    """Of its process of now, or of the last one; counted over all workers of the role."""
    starts: int = 0
    is_wanted: bool = True
    """False: nobody needs it, and it is about to end for good."""
    idle_since: float = 0.0
    """Since when no session needs it; only while none does."""
    found_engine: str = ""
    """The engine that was ready last."""
    named_by: set[str] = field(default_factory=set[str])
    """Sessions that named the engine which ``auto`` has found here: while there are any, it stays that one."""
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
    """When its lifeline was found cut: it is dying."""
    start_at: float | None = None
    """When the next incarnation is to be started."""
    last_exit: str | None = None
    failure: str = ""
    """What the worker said last, if it could not go on."""
    leaving: int | None = None
    """The exit code with which the worker said, of its own accord, that it ends."""
    incompatible: str = ""
    """Why the worker cannot work with this supervisor; empty = it can, as far as is known."""
    ends: collections.deque[End] = field(default_factory=lambda: collections.deque["End"](maxlen=KEPT_ENDS))
    is_exchanged: bool = False
    """A worker that has grown is being exchanged for the next one: sessions are not told why, nor how far that is."""
    hides_output: bool = False
    """Whether this incarnation may have words of the agent: what it prints is counted, and not logged."""
    jobs: int = 0
    """Done by this incarnation."""
    durations: collections.deque[float] = field(default_factory=lambda: collections.deque[float](maxlen=KEPT_DURATIONS))
    """Of the last jobs, in seconds."""

    @property
    def role(self) -> Role:
        """The role that it has."""
        return self.worker.role

    @property
    def name(self) -> str:
        """As a person types it: ``parser``, ``tts:espeak``."""
        return f"{self.role}:{self.engine_name}" if self.engine_name else self.role

    @property
    def was_killed_while_loading(self) -> bool:
        """Whether a signal ended it before it was ready: so it is when there is no memory."""
        return self.process is None and self.ready_at is None and bool(self.ends) and self.ends[-1].exit_code is None

    @property
    def engine_to_start(self) -> str:
        """The engine with which the next incarnation is started."""
        return self.found_engine if self.found_engine and self.named_by else self.requirement.engine

    @property
    def engine_name(self) -> str:
        """The engine that runs and stays, or else the one that is wanted."""
        return self.ready.engine if self.ready and self.stop is None else self.engine_to_start

    @property
    def note(self) -> str:
        """Why its engine is not a better one, if ``auto`` has found a reason."""
        return self.ready.note if self.ready and self.stop is None else ""

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(0, self.starts - 1)

    def read(self, process: WorkerProcess, ready: Container[object], now: float) -> None:
        """Take what is waiting of its log and its output, where a descriptor is ``ready``."""
        if process.log in ready:
            self.log.pump(process.log, now)
        if process.output in ready:
            self.log.pump_output(process.output, now, hidden=self.hides_output)

    def read_rest(self, process: WorkerProcess, now: float) -> None:
        """Take all of it (at most ``MAX_READS`` times ``READ_BYTES``)."""
        for _ in range(MAX_READS):
            if not self.log.pump_output(process.output, now, hidden=self.hides_output):
                break
        for _ in range(MAX_READS):
            if not self.log.pump(process.log, now):
                break

    def done(self, seconds: float) -> None:
        """Count a job."""
        self.jobs += 1
        self.durations.append(seconds)

    def latency(self) -> Latency:
        """Percentiles of the last jobs."""
        if not self.durations:
            return Latency()
        if len(self.durations) == 1:
            only = self.durations[0] * 1000
            return Latency(p50=only, p95=only)
        cuts = statistics.quantiles(self.durations, n=20, method="inclusive")
        return Latency(p50=cuts[9] * 1000, p95=cuts[18] * 1000)

    def health(self, stalled_since: float | None, characters: int, attended_since: float) -> HealthSnapshot:
        """What the alarms look at."""
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
