"""What is skipped because it would be heard too late: whole messages, the oldest first, and never unannounced. Pure.

A session that has a ``max_lag_seconds`` may not be heard further behind than that. Its lag is the age of the oldest
message that has not begun to be heard, counted from its first sentence. Age, and not the length of the speech that
waits: age is what a listener means by "behind", it needs no guess at how fast a voice will speak, it counts the time
that others' turns and a slow worker cost, and into a file, which is written faster than it can be heard, nothing is
skipped only because there is much of it.

- A message of which a sentence was given to the player is heard to its end.
- The newest message is always heard, however old: it says where the agent is.
- While a person holds what is heard, or one session, nothing (of that session) ages.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from voicestream.protocol.messages import EventName
from voicestream.supervisor.ledger import announcement
from voicestream.supervisor.ledger.sentences import Outcome, Row
from voicestream.supervisor.ledger.state import Waiting, first_open, put_in_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.supervisor.ledger.state import LedgerState, SessionState


class Drop(Protocol):
    """Ends a row, wherever it is."""

    def __call__(self, row: Row, outcome: Outcome, reason: str) -> None:
        """End it."""
        ...


class LagPolicy:
    """Which messages wait since when, and the end of those that wait too long."""

    def __init__(self, state: LedgerState, drop: Drop, take: Callable[[SessionState, Row], None]) -> None:
        """``take``: takes a new row to be translated."""
        self._state = state
        self._drop = drop
        self._take = take

    def hold(self, session: SessionState, *, is_quiet: bool) -> None:
        """Take note whether anything of a session can be heard: while it cannot, nothing of it ages."""
        if is_quiet and session.quiet_since is None:
            session.quiet_since = self._state.now
        elif not is_quiet and session.quiet_since is not None:
            session.quiet_seconds += self._state.now - session.quiet_since
            session.quiet_since = None

    def found(self, session: SessionState, row: Row) -> None:
        """A sentence was found: the first of a message starts its clock."""
        if session.options.max_lag_seconds and row.message > session.newest_message:
            session.newest_message = row.message
            session.waiting.append(Waiting(message=row.message, sentence=row.sentence, since=self.clock(session)))

    def skip(self) -> None:
        """Skip what is too old by now."""
        for session in self._state.sessions.values():
            if session.options.max_lag_seconds:
                self._skip(session)

    def clock(self, session: SessionState) -> float:
        """Seconds in which something of a session could be heard."""
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
        """Skip what there is of the messages up to ``last`` but of those that have begun to be heard."""
        up_to_last = itertools.takewhile(lambda row: row.message <= last, session.rows.values())
        rows = [row for row in up_to_last if row.message > session.begun_message and not row.is_announcement]
        reason = f"more than {session.options.max_lag_seconds:g} s behind what the agent wrote (--max-lag)"
        for row in rows:
            self._drop(row, Outcome.SKIPPED, reason)
        session.unannounced += len({row.message for row in rows})

    def _announce(self, session: SessionState) -> None:
        """Say how many messages are left out, once all of the one that is heard was given to the player.

        Until then more may be skipped, and one announcement is enough.
        """
        following = first_open(session.unplayed)
        if following is None or following.message <= session.begun_message:
            return
        if following.is_announcement:
            # It was not heard yet, and what it was to stand before is skipped as well: one says it all.
            session.unannounced += session.announced
            self._drop(following, Outcome.WITHDRAWN, "a later announcement says it")
            following = first_open(session.unplayed)
            if following is None:
                return
        text, language = announcement.of_skipped(session.unannounced, session.options.target)
        session.announced, session.unannounced = session.unannounced, 0
        session.announcements += 1
        row = Row(
            session=session.session,
            sentence=-session.announcements,
            message=following.message,
            text=text,
            language=language,
            before=following.sentence,
        )
        session.rows[row.sentence] = row
        self._state.report(EventName.ANNOUNCEMENT, row, text=text, language=language)
        put_in_order(session.unplayed, row)
        self._take(session, row)
