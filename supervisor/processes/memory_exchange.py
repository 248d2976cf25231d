"""Replacement of workers whose memory has grown: engines and their libraries leak, and a worker may live for weeks.

The worker is drained and restarted, as by ``workers restart``, at an inaudible moment: while it is idle, or, if it
never is, between two sentences while enough audio is buffered. This is no failure: the restart policy does not count
it, and only the log and ``workers status`` show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.records import FrozenRecord
from voicestream.supervisor.ledger.sentences import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.supervisor.ledger.sentences import Row

WARM_JOBS: Final = 50
"""Jobs after which all caches are filled; memory at that point is the baseline."""

LEAST_GROWTH_BYTES: Final = 64 << 20
"""Growth below this many bytes is accepted,"""

GROWTH_SHARE: Final = 0.5
"""and so is growth below this share of the baseline."""

IDLE_SECONDS: Final = 15.0
"""Seconds without a job after which a worker will probably not be needed in the next moment."""

LOADING_RESERVE: Final = 2.0
"""Safety factor for the duration of a start, relative to the last one,"""

RESERVE_SECONDS: Final = 2.0
"""and further seconds of reserve."""


class Look(FrozenRecord, frozen=True):
    """Snapshot of a worker for the replacement policy."""

    now: float
    jobs: int
    """Jobs done by this incarnation."""
    is_busy: bool
    """True if it has a job."""
    memory: int
    """Memory of the process, in bytes."""
    loading_seconds: float
    """Seconds from its start until it was ready."""
    buffered_seconds: float
    """Seconds of audio ready for playback, in the session that has least of it."""


class Growth:
    """Memory of one incarnation over time; sans-I/O."""

    def __init__(self) -> None:
        self._normal: int | None = None
        self._jobs = 0
        self._worked_at = 0.0

    def take(self, look: Look) -> str:
        """Record a snapshot; return the reason for replacing the worker now, or an empty string."""
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
        # A worker that is never idle is replaced between sentences, and finally also without buffered audio.
        is_unheard = is_idle or (growth >= 2 * limit and look.buffered_seconds >= reserve) or growth >= 4 * limit
        return f"its memory has grown by {growth >> 20} MiB" if growth >= limit and is_unheard else ""


def buffered_seconds(sessions: Iterable[Iterable[Row]]) -> float:
    """Return the seconds of audio ready before the first unfinished sentence, in the session that has least of it.

    Args:
        sessions: the unfinished sentences of each, in the order of playback.

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
