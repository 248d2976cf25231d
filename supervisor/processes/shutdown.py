"""Shutdown escalation of a worker: drain, stop, SIGTERM, SIGKILL. Pure.

Drain finishes the present job, stop cancels it, and SIGKILL ends the whole process group. The step at which the worker
ended is recorded and shown.
"""

from __future__ import annotations

from typing import Literal

from voicestream.records import FrozenRecord

Step = Literal["drain", "stop", "term", "kill"]


class Timeouts(FrozenRecord, frozen=True):
    """Time limits of the steps, in seconds."""

    drain_seconds: float
    stop_seconds: float = 1.0
    term_seconds: float = 1.0


FOR_RESTART = Timeouts(drain_seconds=30.0)
"""Limits of a restart: a person waits for the present job."""

FOR_SHUTDOWN = Timeouts(drain_seconds=2.0, stop_seconds=0.5, term_seconds=0.5)
"""Limits of a shutdown: no jobs are left, and only the end of the last audio is drained."""


def next_step(step: Step, since: float, timeouts: Timeouts, now: float) -> Step | None:
    """Return the step to escalate to now; None: wait in this one."""
    seconds = {"drain": timeouts.drain_seconds, "stop": timeouts.stop_seconds, "term": timeouts.term_seconds}
    following: dict[Step, Step] = {"drain": "stop", "stop": "term", "term": "kill"}
    if step == "kill" or now < since + seconds[step]:
        return None
    return following[step]
