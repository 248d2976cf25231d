"""Core of the supervisor: state that its components share, and effects that they request from the event loop."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Final, Protocol

from voicestream.protocol.audio_pool import AudioPool
from voicestream.supervisor.history import History
from voicestream.supervisor.hub import Hub
from voicestream.supervisor.ledger.commands import PARSER
from voicestream.supervisor.ledger.ledger import Ledger
from voicestream.supervisor.processes.process import threads_for
from voicestream.supervisor.processes.table import ProcessTable
from voicestream.supervisor.sessions.detached import Handovers
from voicestream.supervisor.sessions.session_table import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.pool_memory import Segment
    from voicestream.protocol.run_directory import RunDirectory
    from voicestream.supervisor.ledger.commands import Command, WorkerId
    from voicestream.supervisor.processes.watchdog import Limits


class Effects(Protocol):
    """Effects that only the event loop has."""

    def do(self, commands: Iterable[Command]) -> None:
        """Carry out commands of the ledger."""

    def end(self, reason: str) -> None:
        """Begin the shutdown of the supervisor."""


class Core:
    """Ledger, sessions, hub, audio pool and process table of one supervisor."""

    def __init__(
        self,
        run_directory: RunDirectory,
        segment: Segment,
        limits: Limits,
        effects: Effects,
        *,
        keep_alive_seconds: float,
        stay: bool,
    ) -> None:
        """Bind the hub; no worker is started yet.

        Args:
            run_directory: where the hub is bound.
            segment: the memory of the audio pool.
            limits: of the watchdog.
            effects: of the event loop.
            keep_alive_seconds: without any session before the first one has come; from then on the last session's.
            stay: run until told to end, regardless of the sessions.
        """
        self.effects: Final = effects
        self.started_at: Final = time.monotonic()
        self.run_directory: Final = run_directory
        self.pool: Final = AudioPool(segment.descriptor)
        self.hub: Final = Hub(run_directory.hub)
        self.ledger: Final = Ledger(self.pool.slots)
        self.sessions: Final = Sessions(self.hub)
        self.handovers: Final = Handovers(self.sessions, self.ledger.state)
        self.history: Final = History(self.ledger.state)
        self.table: Final = ProcessTable(
            self.hub,
            hub_path=run_directory.hub,
            segment=segment,
            limits=limits,
            threads=threads_for(os.cpu_count() or 1),
            progress=self._progress,
        )
        self.keep_alive_seconds = math.inf if stay else keep_alive_seconds
        self.idle_since: float | None = self.started_at
        """Time since which no session is open, in seconds of the monotonic clock; None: a session is open."""
        self.is_ending = False

    def do(self, commands: Iterable[Command]) -> None:
        """Carry out commands of the ledger."""
        self.effects.do(commands)

    def in_flight(self, worker: WorkerId) -> int:
        """Count the sentences (for the parser: sessions with unread input) that a worker is processing."""
        if worker == PARSER:
            return sum(session.asked_at is not None for session in self.sessions.by_id.values())
        return self.ledger.in_flight(worker)

    def _progress(self, worker: WorkerId) -> tuple[float | None, int]:
        if worker == PARSER:
            return self.sessions.stalled_since(), 0
        return self.ledger.progress(worker)
