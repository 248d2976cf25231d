"""How a worker is ended: politely first, and harder as time goes by. Pure.

drain (finish the job in hand) → stop (leave it) → term → kill of its whole group. The step on which it ended is
recorded and shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Step = Literal["drain", "stop", "term", "kill"]


@dataclass(frozen=True)
class Timeouts:
    """How long each step may take before the next, in seconds."""

    drain_seconds: float
    stop_seconds: float = 1.0
    term_seconds: float = 1.0


FOR_RESTART = Timeouts(drain_seconds=30.0)
"""A person waits for the job in hand."""

FOR_SHUTDOWN = Timeouts(drain_seconds=2.0, stop_seconds=0.5, term_seconds=0.5)
"""Nothing is in hand; what is drained is the tail of the last sound."""


def next_step(step: Step, since: float, timeouts: Timeouts, now: float) -> Step | None:
    """The step to climb to now; None: wait on this one."""
    seconds = {"drain": timeouts.drain_seconds, "stop": timeouts.stop_seconds, "term": timeouts.term_seconds}
    following: dict[Step, Step] = {"drain": "stop", "stop": "term", "term": "kill"}
    if step == "kill" or now < since + seconds[step]:
        return None
    return following[step]
