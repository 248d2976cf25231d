"""Scheduler of continuous batching: which streams the next action computes. Pure.

The stream with the earliest deadline decides on the kind of action; other streams that need the same kind join it.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_SOUND_SECONDS: Final = 0.02
"""Time after its opening at which a stream without sound is due. Sound that was delivered lasts longer, so first chunks
come first; in an overload they do not delay the others forever, since deadlines do not move."""

HORIZON_SECONDS: Final = 0.25
"""Streams that are due within this time of now, or of the most urgent one, join an action; the others join only where
there is room at no cost."""

ACTION_SECONDS: Final = 0.002
"""Longest action of more than one step: what arrives meanwhile waits for it."""


class Phase(Enum):
    """Part of a sentence to compute next."""

    WAITING = "waiting"
    """No slot yet."""
    PREFILL = "prefill"
    STEP = "step"
    VOCODER = "vocoder"


class StreamState(NamedTuple):
    """Open stream."""

    deadline: float
    """Time at which its next chunk is due, s; first, so that states sort by it."""
    number: int
    """Ascending in the order of opening."""
    phase: Phase
    remaining: int = 0
    """``STEP``: steps to the end of the chunk, at least 1."""


class Action(NamedTuple):
    """Computation of one phase for some streams."""

    phase: Phase
    """``WAITING``: give them slots."""
    numbers: tuple[int, ...]
    steps: int = 1
    """``STEP``: steps of each stream."""


class Limits(NamedTuple):
    """Largest amounts that a device computes at once, and their durations."""

    prefill_rows: int
    vocoder_rows: int
    row_counts: tuple[int, ...]
    """Row counts of a step, ascending; a step of fewer rows takes as long."""
    step_seconds: float
    """Duration of a step of few rows."""
    row_seconds: float
    """Additional duration for each row."""
    overlaps: bool = False
    """True if the device computes steps while the processor works."""


def first_deadline(opened: float) -> float:
    """Return the deadline of a stream without sound, opened at this time."""
    return opened + FIRST_SOUND_SECONDS


def next_deadline(deadline: float, now: float, seconds: float, *, is_first: bool) -> float:
    """Return the deadline after a chunk was delivered: the time at which its sound will have been played.

    Args:
        deadline: of the chunk.
        now: time of its delivery.
        seconds: duration of its sound.
        is_first: whether playback begins with it.
    """
    return (now if is_first else max(now, deadline)) + seconds


def next_action(streams: Sequence[StreamState], free_slots: int, now: float, limits: Limits) -> Action | None:
    """Return the next action; None if there is nothing to do.

    Streams without a slot get the free ones in the order of their opening, as soon as the next prefill has room.
    """
    room = min(free_slots, limits.prefill_rows - sum(stream.phase is Phase.PREFILL for stream in streams))
    waiting = sorted(stream.number for stream in streams if stream.phase is Phase.WAITING)
    if waiting and room > 0:
        return Action(Phase.WAITING, tuple(waiting[:room]))
    ready = sorted(stream for stream in streams if stream.phase is not Phase.WAITING)
    if not ready:
        return None
    phase = ready[0].phase
    same = [stream for stream in ready if stream.phase is phase]
    if phase is Phase.STEP:
        return _steps(same, now, limits)
    rows = limits.prefill_rows if phase is Phase.PREFILL else limits.vocoder_rows
    return Action(phase, tuple(stream.number for stream in same[:rows]))


def overlapping_step(streams: Sequence[StreamState], now: float, limits: Limits) -> Action | None:
    """Return a step for the device while the processor prepares windows of other streams; None without one."""
    same = sorted(stream for stream in streams if stream.phase is Phase.STEP)
    return _steps(same, now, limits)._replace(steps=1) if same and limits.overlaps else None


def _steps(same: Sequence[StreamState], now: float, limits: Limits) -> Action:
    """Return steps for the urgent streams, and for as many others as fill the rows; ``same`` by deadline."""
    horizon = max(now, same[0].deadline) + HORIZON_SECONDS
    urgent = sum(stream.deadline <= horizon for stream in same)
    fitting = next((count for count in limits.row_counts if count >= urgent), limits.row_counts[-1])
    chosen = same[:fitting]
    seconds = limits.step_seconds + limits.row_seconds * len(chosen)
    most = max(1, math.floor(ACTION_SECONDS / seconds))
    steps = min(most, *(stream.remaining for stream in chosen))
    return Action(Phase.STEP, tuple(stream.number for stream in chosen), steps)
