"""When a worker that is still running has to be replaced: three alarms, kept apart. Pure.

A process that is being started or loads a model has a budget, which every Loading extends; one that is ready must
beat; and a job must get further within its deadline. A worker can beat while its model hangs, and can be silent for
seconds in a C call that is fine, so the limits differ. The fourth way to end, the process's own
death, needs no clock.

A supervisor that was stopped, or slept with its machine, has heard nothing in that time and knows nothing about it:
all limits begin anew when it looks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNATTENDED_SECONDS: Final = 2.0
"""The supervisor looks at least every second; after a pause of this length, it was the one that did not run."""


@dataclass(frozen=True)
class Limits:
    """All in seconds."""

    hello_seconds: float = 20.0
    """From the start to Hello; an interpreter with ZeroMQ takes 0.1 s, on a machine that swaps many times that."""
    loading_seconds: float = 120.0
    """From Hello, or the last Loading, to Ready: the slowest single stage of loading a model from a cold disk."""
    silence_seconds: float = 10.0
    """Without a beat, once ready."""
    job_seconds: float = 15.0
    """Without any progress of a job ..."""
    job_seconds_per_character: float = 0.25
    """... and this much longer for each character of it: XTTS on two slow cores makes 8 characters a second."""


@dataclass(frozen=True)
class HealthSnapshot:
    """What was last seen of a worker; times on the monotonic clock."""

    started_at: float
    hello_at: float | None
    loading_at: float | None
    """When it last said that it is loading."""
    ready_at: float | None
    heard_at: float
    stalled_since: float | None
    """Since when its job has made no progress though it could; None: it has none."""
    characters: int
    """Length of the job's text."""
    attended_since: float = 0.0
    """Since when the supervisor has been looking without a pause."""


def attended_since(before: float, looked_at: float, now: float) -> float:
    """Since when the supervisor has been looking without a pause, now that it looks again.

    Args:
        before: what this was at its last look.
        looked_at: when that was.
        now: when it looks again.
    """
    return now if now > looked_at + UNATTENDED_SECONDS else before


def due(health: HealthSnapshot, limits: Limits) -> tuple[float, str]:
    """When the next alarm goes off unless something is heard before, and what it then says."""
    attended = health.attended_since
    if health.hello_at is None:
        return max(health.started_at, attended) + limits.hello_seconds, f"no hello within {limits.hello_seconds:g} s"
    if health.ready_at is None:
        since = max(health.hello_at, health.loading_at or 0.0, attended)
        return since + limits.loading_seconds, f"loading got no further for {limits.loading_seconds:g} s"
    silent_at = max(health.heard_at, health.ready_at, attended) + limits.silence_seconds
    silence = silent_at, f"silent for {limits.silence_seconds:g} s"
    if health.stalled_since is None:
        return silence
    allowed = limits.job_seconds + limits.job_seconds_per_character * health.characters
    return min(silence, (max(health.stalled_since, attended) + allowed, f"its job got no further for {allowed:g} s"))
