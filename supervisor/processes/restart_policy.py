"""When a worker that ended is started again: a pure function of what is wanted, what was seen, and the time.

One for one: a worker is replaced alone. The wait before a start doubles with every end in a row, and an end after a
stable time, or after work was done, counts as the first again: whoever gets something done between two ends is worth
another start. Too many ends in a short time, or the exit code for a wrong configuration, and the role has failed
until a person acts. What the system has no room for has more time: that is not the worker's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.errors import EXIT_CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_BACKOFF_SECONDS: Final = 0.1
MAX_BACKOFF_SECONDS: Final = 5.0
MAX_ENDS: Final = 5
"""This many ends ..."""
WINDOW_SECONDS: Final = 60.0
"""... within this time, and the role has failed."""
MAX_REFUSALS: Final = 12
"""As often within that time the system may refuse to start a process: that takes half a minute."""
STABLE_SECONDS: Final = 30.0
"""A worker that was ready for this long is not to counts_as_failure for what its predecessors did."""


@dataclass(frozen=True)
class End:
    """The end of one incarnation."""

    at: float
    """Seconds on the monotonic clock."""
    ready_seconds: float
    """How long it had been ready; 0 if it never was."""
    exit_code: int | None
    """None: ended by a signal."""
    requested: bool
    """A person or the shutdown asked for it."""
    worked: bool = False
    """It had finished at least one job."""
    refused: bool = False
    """There was no process: the system had no memory or descriptors for one. That says nothing about the worker."""
    incompatible: str = ""
    """Why no worker that is started can work with this supervisor; empty = nothing is known against it."""


@dataclass(frozen=True)
class StartAt:
    """Start the next incarnation at this time."""

    at: float


@dataclass(frozen=True)
class GiveUp:
    """Do not start another until a person asks for it."""

    reason: str


@dataclass(frozen=True)
class StayDown:
    """No worker is wanted."""


Decision = StartAt | GiveUp | StayDown


def decide(ends: Sequence[End], *, wanted: bool) -> Decision:
    """What follows from the ends so far, the newest last (there is at least one)."""
    if not wanted:
        return StayDown()
    newest = ends[-1]
    if newest.requested and not newest.incompatible:
        return StartAt(newest.at)
    if newest.incompatible or newest.exit_code == EXIT_CONFIGURATION:
        return GiveUp(newest.incompatible or "its configuration is wrong")
    row = _ends_in_a_row(ends)
    deaths = sum(not end.refused for end in row)
    if deaths >= MAX_ENDS:
        return GiveUp(f"it ended {deaths} times within {WINDOW_SECONDS:.0f} s")
    if len(row) - deaths >= MAX_REFUSALS:
        return GiveUp(f"the system refused {len(row) - deaths} times to start it")
    return StartAt(newest.at + backoff_seconds(len(row)))


def backoff_seconds(ends_in_a_row: int) -> float:
    """The wait before the next start, after this many ends in a row (at least 1)."""
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** (ends_in_a_row - 1), MAX_BACKOFF_SECONDS)


def _ends_in_a_row(ends: Sequence[End]) -> list[End]:
    newest = ends[-1]
    row: list[End] = []
    for end in reversed(ends):
        if end.requested or newest.at - end.at > WINDOW_SECONDS:
            break
        row.append(end)
        if end.ready_seconds >= STABLE_SECONDS or end.worked:
            break
    return row
