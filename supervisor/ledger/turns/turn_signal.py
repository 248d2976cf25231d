"""Turn signal: a chime, or the spoken name of a session, before its first sentence after one of another session.

Only sessions that are heard at loudspeakers count. A session that is open alone gets no signal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import PlayerSignal
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import LedgerState, SessionState


class TurnSignals:
    """The session that was sent to the player last, and the signal before the next one."""

    def __init__(self, state: LedgerState, take: Callable[[SessionState, Row], None]) -> None:
        """Set up; ``take`` passes a new row to translation."""
        self._state = state
        self._take = take
        self._last = ""
        """Session of the last sentence that was sent to loudspeakers."""

    def taken(self, session: SessionState) -> PlayerSignal:
        """Record that a sentence of a session is sent to the player; returns the sound before it."""
        signal: PlayerSignal = "chime" if self._is_new(session) and session.options.turn_signal == "chime" else ""
        if session.options.output.kind == "speakers":
            self._last = session.session
        return signal

    def introduce(self, session: SessionState, row: Row) -> bool:
        """Add the name of a session before its next sentence; False if none is wanted there.

        Args:
            session: the session that gets the turn.
            row: its next sentence.
        """
        name = session.options.project.strip()
        is_wanted = self._is_new(session) and session.options.turn_signal == "name" and bool(name)
        if not is_wanted or row.is_announcement or row.is_introduced:
            return False
        # Once for each sentence: a name that cannot be spoken must not be tried forever.
        row.is_introduced = True
        self._take(session, self._state.announce(session, name, session.options.target))
        return True

    def _is_new(self, session: SessionState) -> bool:
        return (
            session.options.output.kind == "speakers"
            and self._last != session.session
            and self._last in self._state.sessions
        )
