"""How a worker is ended: politely first, and harder as time goes by. Pure.

drain (finish the job in hand) → stop (leave it) → term → kill of its whole group. The rung on which it ended is
recorded and shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rung = Literal["drain", "stop", "term", "kill"]


@dataclass(frozen=True)
class Patience:
    """How long each rung may take before the next, in seconds."""

    drain_seconds: float
    stop_seconds: float = 1.0
    term_seconds: float = 1.0


FOR_RESTART = Patience(drain_seconds=30.0)
"""A person waits for the job in hand."""

FOR_SHUTDOWN = Patience(drain_seconds=2.0, stop_seconds=0.5, term_seconds=0.5)
"""Nothing is in hand; what is drained is the tail of the last sound."""


def next_rung(rung: Rung, since: float, patience: Patience, now: float) -> Rung | None:
    """The rung to climb to now; None: wait on this one."""
    seconds = {"drain": patience.drain_seconds, "stop": patience.stop_seconds, "term": patience.term_seconds}
    following: dict[Rung, Rung] = {"drain": "stop", "stop": "term", "term": "kill"}
    if rung == "kill" or now < since + seconds[rung]:
        return None
    return following[rung]
