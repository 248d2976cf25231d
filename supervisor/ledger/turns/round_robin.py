"""Round-robin scheduling of sessions by whole messages; playback within a session is strictly in order.

Detached sessions (``run --detach``), which an agent in a loop hands over, are played one after another instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOLD_SECONDS: Final = 2.0
"""Seconds for which a turn waits for the next sentence of an unfinished message.

Agents print a sentence every few tenths of a second; one that thinks for longer does not silence the others.
"""


class Candidate(FrozenRecord, frozen=True):
    """Next playable sentence of a session."""

    message: int
    """Ordinal of the message to which its next sentence belongs."""
    ready: bool
    """True if some audio of the sentence is available."""


class Turn(FrozenRecord, frozen=True):
    """Session that has the turn, and its message."""

    session: str
    message: int
    since: float
    """Time at which its last sentence was sent to the player, in seconds of the monotonic clock."""


class Queued(FrozenRecord, frozen=True):
    """Place of a detached session (``run --detach``) in the queue of detached sessions."""

    number: int
    """Ascending in the order of opening or, once handed over, of handover."""
    is_complete: bool
    """True if the session was handed over: no further input comes."""


def behind(queue: Mapping[str, Queued]) -> dict[str, int]:
    """Return the sessions that wait for an earlier one that was handed over, with their numbers.

    A session that was not handed over delays no others, because the end of its input is unknown.
    """
    first = min((one.number for one in queue.values() if one.is_complete), default=None)
    return {session: one.number for session, one in queue.items() if first is not None and one.number > first}


def next_session(
    turn: Turn | None,
    order: Sequence[str],
    candidates: Mapping[str, Candidate],
    open_messages: Mapping[str, int | None],
    now: float,
) -> str | None:
    """Return the session whose next sentence is to be played now; None: no session.

    Args:
        turn: the present turn.
        order: all sessions, in round-robin order.
        candidates: the sessions that have a sentence waiting.
        open_messages: for each session the unfinished message, if any.
        now: seconds on the monotonic clock.
    """
    if turn is not None and holds(turn, candidates, open_messages, now):
        candidate = candidates.get(turn.session)
        return turn.session if candidate is not None and candidate.ready else None
    for session in order_after(turn, order):
        candidate = candidates.get(session)
        if candidate is not None and candidate.ready:
            return session
    return None


def order_after(turn: Turn | None, order: Sequence[str]) -> list[str]:
    """Return the sessions in the order of their next turns; the one that has the turn now comes last."""
    start = order.index(turn.session) + 1 if turn is not None and turn.session in order else 0
    return [*order[start:], *order[:start]]


def holds(
    turn: Turn,
    candidates: Mapping[str, Candidate],
    open_messages: Mapping[str, int | None],
    now: float,
) -> bool:
    """Return whether the turn continues: more of its message is waiting, or may arrive soon."""
    candidate = candidates.get(turn.session)
    if candidate is not None:
        return candidate.message == turn.message
    return open_messages.get(turn.session) == turn.message and now < turn.since + HOLD_SECONDS
