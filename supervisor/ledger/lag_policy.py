"""Lag policy: whole messages that would be played too late are skipped, oldest first, and announced. Pure.

The limit is the session's ``max_lag_seconds``. The lag is the age of the oldest message whose playback has not started,
counted from its first sentence. The age includes the turns of other sessions and delays of slow workers, and needs no
estimate of the duration of speech. A long text alone does not exceed the limit if it is written to a file faster than
real time.

- A message of which a sentence was sent to the player is played to its end.
- The newest message is always played, whatever its age: it shows the agent's present state.
- During a pause of all sessions, or of one, no message (of that session) ages.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from voicestream.supervisor.ledger import announcement
from voicestream.supervisor.ledger.sentences import Outcome
from voicestream.supervisor.ledger.state import Waiting, first_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import LedgerState, SessionState


class Drop(Protocol):
    """Callback that ends a row at any stage."""

    def __call__(self, row: Row, outcome: Outcome, reason: str) -> None:
        """End the row."""
        ...


class LagPolicy:
    """Lag policy: records since when messages wait, and skips those that exceed the limit."""

    def __init__(self, state: LedgerState, drop: Drop, take: Callable[[SessionState, Row], None]) -> None:
        """Set up the policy; ``take`` passes a new row to translation."""
        self._state = state
        self._drop = drop
        self._take = take

    def hold(self, session: SessionState, *, is_quiet: bool) -> None:
        """Record whether a session is paused; its messages do not age during a pause."""
        if is_quiet and session.quiet_since is None:
            session.quiet_since = self._state.now
        elif not is_quiet and session.quiet_since is not None:
            session.quiet_seconds += self._state.now - session.quiet_since
            session.quiet_since = None

    def found(self, session: SessionState, row: Row) -> None:
        """Record a new sentence; the first of a message starts the message's age."""
        if session.options.max_lag_seconds and row.message > session.newest_message:
            session.newest_message = row.message
            session.waiting.append(Waiting(message=row.message, sentence=row.sentence, since=self.clock(session)))

    def skip(self) -> None:
        """Skip messages that exceed the limit."""
        for session in self._state.sessions.values():
            if session.options.max_lag_seconds:
                self._skip(session)

    def clock(self, session: SessionState) -> float:
        """Return the seconds in which the session was not paused."""
        now = self._state.now if session.quiet_since is None else session.quiet_since
        return now - session.quiet_seconds

    def _skip(self, session: SessionState) -> None:
        waiting = session.waiting
        oldest = self.clock(session) - session.options.max_lag_seconds
        last: int | None = None
        while waiting and waiting[0].since < oldest and waiting[0].message != session.newest_message:
            last = waiting.popleft().message
        if last is not None:
            self._skip_up_to(session, last)
        if session.unannounced:
            self._announce(session)

    def _skip_up_to(self, session: SessionState, last: int) -> None:
        """Skip messages up to ``last``, except those whose playback has started."""
        up_to_last = itertools.takewhile(lambda row: row.message <= last, session.rows.values())
        rows = [row for row in up_to_last if row.message > session.begun_message and not row.is_announcement]
        reason = f"more than {session.options.max_lag_seconds:g} s behind what the agent wrote (--max-lag)"
        for row in rows:
            self._drop(row, Outcome.SKIPPED, reason)
        session.unannounced += len({row.message for row in rows})

    def _announce(self, session: SessionState) -> None:
        """Announce the number of skipped messages, once the whole message being played was sent to the player.

        More messages may be skipped until then, so that one announcement covers all of them.
        """
        following = first_open(session.unplayed)
        if following is None or following.message <= session.begun_message:
            return
        if following.is_urgent or following.repeats is not None:
            return
        if following.is_announcement:
            # It was not played, and the row after it is skipped as well: one announcement covers both.
            session.unannounced += session.announced
            self._drop(following, Outcome.WITHDRAWN, "a later announcement says it")
            if first_open(session.unplayed) is None:
                return
        text, language = announcement.of_skipped(session.unannounced, session.options.target)
        session.announced, session.unannounced = session.unannounced, 0
        self._take(session, self._state.announce(session, text, language))
