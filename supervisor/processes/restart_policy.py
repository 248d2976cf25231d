"""Restart policy of the workers, one for one as in OTP: a pure function of the ends so far and the time.

Each worker is replaced alone. The wait before a start doubles with every consecutive end. An end after a stable time,
or after a finished job, counts as the first again. Too many ends in a short time, or the exit code for a wrong
configuration, make the role fail until a person restarts it. Refusals by the system (no memory, no descriptors) have a
limit of their own, because the worker did not cause them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import EXIT_CONFIGURATION
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_BACKOFF_SECONDS: Final = 0.1
MAX_BACKOFF_SECONDS: Final = 5.0
MAX_ENDS: Final = 5
"""Number of ends after which the role fails,"""
WINDOW_SECONDS: Final = 60.0
"""if they occur within this many seconds."""
MAX_REFUSALS: Final = 12
"""Refused starts within that time after which the role fails: about half a minute."""
STABLE_SECONDS: Final = 30.0
"""Seconds of being ready after which earlier ends of the role no longer count."""


class End(FrozenRecord, frozen=True):
    """The end of one incarnation."""

    at: float
    """Time of the end, in seconds of the monotonic clock."""
    ready_seconds: float
    """Seconds for which it had been ready; 0 if it never was."""
    exit_code: int | None
    """Exit code; None: ended by a signal."""
    requested: bool
    """True if a person or the shutdown requested it."""
    worked: bool = False
    """True if it had finished at least one job."""
    refused: bool = False
    """True if the system refused to start a process for lack of memory or descriptors."""
    incompatible: str = ""
    """Reason why no worker can work with this supervisor; empty = none known."""


class StartAt(FrozenRecord, frozen=True):
    """Decision to start the next incarnation at a time."""

    at: float


class GiveUp(FrozenRecord, frozen=True):
    """Decision to start no other incarnation until a person requests it."""

    reason: str


class StayDown(FrozenRecord, frozen=True):
    """Decision to start none, because no worker is wanted."""


Decision = StartAt | GiveUp | StayDown


def decide(ends: Sequence[End], *, wanted: bool) -> Decision:
    """Return the decision after one or more ends; the newest is the last."""
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
    """Return the seconds before the next start, after this many consecutive ends (at least 1)."""
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
