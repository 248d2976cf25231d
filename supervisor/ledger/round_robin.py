"""Order of playing: within a session strictly in order, between sessions by turns of a whole message.

Detached sessions (``run --detach``), which an agent in a loop leaves behind, are played one after another instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOLD_SECONDS: Final = 2.0
"""How long a turn waits for the next sentence of a message that is still being written. Agents print a sentence every
few tenths of a second; one that thinks for longer should not keep the others silent."""


@dataclass(frozen=True)
class Candidate:
    """What a session could play next."""

    message: int
    """Ordinal of the message to which its next sentence belongs."""
    ready: bool
    """Whether some of that sentence's sound is there."""


@dataclass(frozen=True)
class Turn:
    """The session that has the word, and for which message."""

    session: str
    message: int
    since: float
    """When its last sentence was given to the player; seconds on the monotonic clock."""


@dataclass(frozen=True)
class Queued:
    """The place of a session of ``run --detach`` among those of its kind."""

    number: int
    """Ascending in the order in which they were opened, or, once they are, handed over."""
    is_complete: bool
    """It was handed over: no further input comes."""


def behind(queue: Mapping[str, Queued]) -> dict[str, int]:
    """The sessions that wait until an earlier one, which was handed over, was played; each with its number.

    One that was not handed over keeps nobody waiting: nobody knows for how long its agent will be at work.
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
    """The session whose next sentence is to be played now; None: nobody's yet.

    Args:
        turn: who has the word.
        order: all sessions, in the order in which they take turns.
        candidates: the sessions that have a sentence waiting.
        open_messages: for each session the message that is still being written, if one is.
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
    """The sessions in the order in which they have the word next, the one that has it now last."""
    start = order.index(turn.session) + 1 if turn is not None and turn.session in order else 0
    return [*order[start:], *order[:start]]


def holds(
    turn: Turn,
    candidates: Mapping[str, Candidate],
    open_messages: Mapping[str, int | None],
    now: float,
) -> bool:
    """Whether the turn is still taken: more of its message is waiting, or may soon be."""
    candidate = candidates.get(turn.session)
    if candidate is not None:
        return candidate.message == turn.message
    return open_messages.get(turn.session) == turn.message and now < turn.since + HOLD_SECONDS
