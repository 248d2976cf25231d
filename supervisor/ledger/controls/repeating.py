"""Repetition of sentences: playback goes back to the beginning of an earlier sentence. Sans-I/O.

Earlier sentences become rows of their own, which are not counted again. The sentence being played is rewound: it stays
the same row and begins again. The player must release the session before, and reports how far it has played.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import EventName
from voicestream.records import FrozenRecord
from voicestream.supervisor.ledger.sentences import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.supervisor.ledger.controls.recent_sentences import HeardSentence, RecentSentences
    from voicestream.supervisor.ledger.playing import Playing
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.speaking import Speaking
    from voicestream.supervisor.ledger.state import LedgerState, SessionState

RESTART_SECONDS: Final = 1.0
"""Seconds of a sentence after which ``back`` begins it again; before, it goes to the sentence before it."""


class _Request(FrozenRecord, frozen=True):
    """Repetition that waits until the player has released the session."""

    row: Row
    """Sentence that was at the player."""
    earlier: list[HeardSentence]
    """Sentences to be played before it."""


class Repeating:
    """Repetition of sentences of open sessions."""

    def __init__(self, state: LedgerState, playing: Playing, speaking: Speaking) -> None:
        self._state = state
        self._playing = playing
        self._speaking = speaking
        self._requests: dict[str, _Request] = {}
        """Requests by session."""

    @property
    def _recent(self) -> RecentSentences:
        return self._state.recent

    def repeat(self, count: int, *, is_back: bool) -> int:
        """Go back in the session that is heard, or was heard last; return the number of sentences to be heard again.

        Args:
            count: number of sentences.
            is_back: the sentence being played counts as one of them if enough of it was heard.

        Returns:
            0 if there is none, or the session has ended.
        """
        row = self._playing.first
        session = self._state.sessions[row.session] if row is not None else self._last_session()
        if session is None or session.session in self._requests:
            return 0
        source = session.repeated_session or session.session
        if row is None:
            earlier = self._recent.before(source, math.inf, count)
            self.add(session, earlier)
            return len(earlier)
        is_heard = is_back and row.heard and self._state.now - row.heard_at >= RESTART_SECONDS
        earlier = self._recent.before(source, row.origin, count - is_heard)
        if earlier or row.heard:
            self._requests[session.session] = _Request(row, earlier)
            self._playing.withdraw(session.session)
        return (len(earlier) + is_heard) or int(row.heard)

    def apply(self) -> None:
        """Carry out the requests for sessions that the player has released."""
        for name in [name for name in self._requests if not self._playing.holds(name)]:
            request = self._requests.pop(name)
            session = self._state.sessions.get(name)
            if session is None:
                continue
            self.add(session, request.earlier)
            if request.row.outcome is None:
                self._rewind(session, request.row)
            else:  # it came to its end meanwhile
                origin = request.row.origin
                found = self._recent.before(session.repeated_session or name, origin + 1, 1)
                self.add(session, [one for one in found if one.sentence == origin])

    def add(self, session: SessionState, sentences: Iterable[HeardSentence]) -> None:
        """Queue recent sentences before the next one of a session; one that is queued already is left out.

        In a session that repeats an ended one they are played before the sentences of all other sessions.
        """
        is_urgent = bool(session.repeated_session)
        queued = {row.repeats for row in session.rows.values()}
        for one in sentences:
            if one.sentence not in queued:
                row = self._state.insert(
                    session, one.text, one.language, EventName.REPEATED, is_urgent=is_urgent, repeats=one.sentence
                )
                row.closes, row.opens_late = one.closes, one.opens_late
                row.move(Stage.TRANSLATED)
                self._state.await_speech(row)

    def _last_session(self) -> SessionState | None:
        """Return the session that was heard last, or the one that repeats it; None: it has ended."""
        last = self._recent.last_session
        repeating = (one for one in self._state.sessions.values() if last and one.repeated_session == last)
        return self._state.sessions.get(last) or next(repeating, None)

    def _rewind(self, session: SessionState, row: Row) -> None:
        played_frames = row.played_frames
        if self._speaking.start_over(row):
            row.heard = False
            session.next_position = row.position + played_frames
