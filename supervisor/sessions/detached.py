"""Detached sessions (``run --detach``): handed over by their clients and finished by the supervisor alone."""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import field

from voicestream.protocol.messages import Counts, EventName, HandedOver, SessionFailure
from voicestream.records import FrozenRecord, Record
from voicestream.supervisor.ledger.state import SKIPPED_ON_REQUEST

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionEvent
    from voicestream.supervisor.ledger.commands import Closed
    from voicestream.supervisor.ledger.state import LedgerState
    from voicestream.supervisor.sessions.session_table import Session, Sessions

LAST_INPUT_SECONDS: Final = 1.0
"""Seconds to wait for input in transit (kernel buffers, hub) after the end of a client killed before its handover."""

HANDOVER_SECONDS: Final = 5.0
"""Seconds after which a client may exit before its input was parsed or its output is open."""

MAX_FAILURES: Final = 3
"""Upper bound of the failed sessions shown by ``status``."""

_WITHOUT_REASON: Final = {stage: f"see the log of {stage}" for stage in ("translation", "tts")}
"""Reasons for stages of engines, whose errors may quote a sentence: their workers log type and code location."""

_log = logging.getLogger(__name__)


class _Reason(NamedTuple):
    """Reason why a sentence was not spoken."""

    text: str
    """Text for people; may quote a sentence."""
    for_log: str


class _Failure(FrozenRecord, frozen=True):
    session: str
    ended_at: float
    counts: Counts
    reason: str
    unread_bytes: int


class Handovers(Record):
    """Sessions being handed over, and results of detached ones; sans-I/O except for its frames."""

    sessions: Sessions
    state: LedgerState
    _asked_at: dict[str, float] = field(default_factory=dict[str, float])
    """Time of the handover request, by session that waits for ``HandedOver``."""
    _left_at: dict[str, float] = field(default_factory=dict[str, float])
    """Time at which the client ended, by session whose input had not arrived completely."""
    _reasons: dict[str, _Reason] = field(default_factory=dict[str, "_Reason"])
    """Reason of the first failed sentence, by detached session."""
    _failures: collections.deque[_Failure] = field(
        default_factory=lambda: collections.deque[_Failure](maxlen=MAX_FAILURES)
    )

    def ask(self, session: Session, now: float) -> None:
        """Record that the client of a session has sent all its input and requests the handover."""
        self._take_over(session)
        self._asked_at[session.session] = now

    def complete(self, now: float) -> None:
        """Send ``HandedOver`` to the clients that are not needed any longer."""
        self._end_inputs(now)
        for session_id, asked_at in list(self._asked_at.items()):
            state = self.state.sessions.get(session_id)
            session = self.sessions.by_id.get(session_id)
            if state is None or session is None:
                del self._asked_at[session_id]
            elif (state.input_ended and state.output_open) or now >= asked_at + HANDOVER_SECONDS:
                del self._asked_at[session_id]
                waiting = sum(not row.is_announcement for row in state.rows.values())
                self.sessions.tell(session_id, HandedOver(session=session_id, waiting_sentences=waiting))
                session.is_told = False
                _log.info("session=%s state=detached waiting=%d", session_id, waiting)

    def client_ended(self, session: Session, now: float) -> None:
        """Continue a detached session, or one to be detached, after the end of its client.

        If its input had not ended, it was killed. What it has sent is all there will be.
        """
        self._asked_at.pop(session.session, None)
        self._take_over(session)
        if not session.input_ended:
            self._left_at[session.session] = now
        session.is_told = False
        if session.watch is not None:
            session.watch.close()
            session.watch = None

    def _take_over(self, session: Session) -> None:
        session.detached = True
        self.state.queue(session.session, is_complete=True)

    def _end_inputs(self, now: float) -> None:
        for session_id, left_at in list(self._left_at.items()):
            if now < left_at + LAST_INPUT_SECONDS:
                continue
            del self._left_at[session_id]
            session = self.sessions.by_id.get(session_id)
            if session is not None and not session.input_ended:
                session.input_ended = True
                _log.warning("session=%s: its client ended before its input; the rest of it is spoken", session_id)

    def note(self, event: SessionEvent) -> None:
        """Log an event of a session without a client."""
        session = self.sessions.by_id.get(event.session)
        if session is None or not session.detached or event.event not in (EventName.SKIPPED, EventName.FAILED):
            return
        reason = event.reason or ""
        if session.feed and reason == SKIPPED_ON_REQUEST:
            return
        shown = _WITHOUT_REASON.get(event.stage or "", reason)
        self._reasons.setdefault(event.session, _Reason(reason, shown))
        if not session.is_told:
            _log.warning(
                "session=%s sentence=%s event=%s stage=%s reason=%.500r",
                event.session,
                event.sentence,
                event.event,
                event.stage,
                shown,
            )

    def closed(self, session: Session, closed: Closed, now: float) -> None:
        """Log the losses of an ended session without a client, and keep them for ``status``."""
        found = self._reasons.pop(session.session, _Reason("", ""))
        if closed.reason:
            found = _Reason(closed.reason, closed.reason)
        counts = closed.counts
        # A prompt in the agent drops sentences of a fed session, which is no loss.
        is_complete = bool(session.feed) and not (counts.failed or counts.untranslated or closed.reason)
        if session.is_told or is_complete or not closed.exit_code:
            return
        failure = _Failure(
            session=session.session,
            ended_at=now,
            counts=counts,
            reason=found.text,
            unread_bytes=session.input.end - session.input.received,
        )
        self._failures.appendleft(failure)
        _log.warning(
            "session=%s: %d of %d sentences were not spoken, %d not translated, %d bytes of input not read: %.500s",
            session.session,
            counts.found - counts.played,
            counts.found,
            counts.untranslated,
            failure.unread_bytes,
            found.for_log,
        )

    def failures(self, now: float) -> list[SessionFailure]:
        """Return the failures of the last sessions for ``status``, the newest first."""
        return [
            SessionFailure(
                session=one.session,
                ended_seconds=round(now - one.ended_at, 3),
                counts=one.counts,
                reason=one.reason,
                unread_bytes=one.unread_bytes,
            )
            for one in self._failures
        ]
