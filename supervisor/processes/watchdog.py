"""Watchdog of running workers: time limits for start, heartbeat and job progress. Pure.

A process that starts or loads a model has a budget, which every Loading extends. A ready worker must send heartbeats,
and a job must make progress within its deadline. The limits differ, because a worker can send heartbeats while its
model hangs, and can be silent for seconds in a legitimate C call. The death of the process needs no time limit.

A supervisor that was stopped, or slept with its machine, received nothing in that time. All limits start anew when it
continues.
"""

from __future__ import annotations

from typing import Final

from voicestream.records import FrozenRecord

UNATTENDED_SECONDS: Final = 2.0
"""Pause between two checks, in seconds, after which the supervisor itself counts as stopped; it checks every second."""


class Limits(FrozenRecord, frozen=True):
    """Time limits, in seconds."""

    hello_seconds: float = 20.0
    """From the start to Hello; an interpreter with ZeroMQ takes 0.1 s, and many times that on a swapping machine."""
    loading_seconds: float = 120.0
    """From Hello, or the last Loading, to Ready: the slowest single stage of loading a model from a cold disk."""
    silence_seconds: float = 10.0
    """Without a heartbeat, once ready."""
    job_seconds: float = 15.0
    """Without progress of a job,"""
    job_seconds_per_character: float = 0.25
    """and this much longer for each character: XTTS on two slow cores synthesizes 8 characters per second."""


class HealthSnapshot(FrozenRecord, frozen=True):
    """Health of a worker; times are in seconds of the monotonic clock."""

    started_at: float
    hello_at: float | None
    loading_at: float | None
    """Time of the last Loading; None: it is not loading."""
    ready_at: float | None
    heard_at: float
    stalled_since: float | None
    """Time since which its job makes no progress though it could; None: no stalled job."""
    characters: int
    """Length of the job's text, in characters."""
    attended_since: float = 0.0
    """Time since which the supervisor runs without a pause."""


def attended_since(before: float, looked_at: float, now: float) -> float:
    """Return the time since which the supervisor runs without a pause.

    Args:
        before: the result at its last check.
        looked_at: time of the last check.
        now: time of this check.
    """
    return now if now > looked_at + UNATTENDED_SECONDS else before


def due(health: HealthSnapshot, limits: Limits) -> tuple[float, str]:
    """Return the time of the next alarm if no message arrives before, and its reason."""
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
    # A busy worker that loads another engine for its job reports that, too.
    since = max(health.stalled_since, health.loading_at or 0.0, attended)
    return min(silence, (since + allowed, f"its job got no further for {allowed:g} s"))
