"""Parsing stage of the ledger: sentences found, and words lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.protocol.messages import EventName, SessionEvent
from voicestream.supervisor.ledger.commands import Report
from voicestream.supervisor.ledger.sentences import Outcome, Row
from voicestream.supervisor.ledger.state import MAX_CHARACTERS, SKIPPED_ON_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import SentenceFound
    from voicestream.supervisor.ledger.state import LedgerState, SessionState

_log = logging.getLogger(__name__)


class Reading:
    """Sentences received from the parser."""

    def __init__(self, state: LedgerState, take: Callable[[SessionState, Row], None]) -> None:
        """Set up the stage; ``take`` passes a new row to the next stage."""
        self._state = state
        self._take = take

    def found(self, message: SentenceFound) -> None:
        """Handle a sentence; a known one is dropped."""
        state = self._state.sessions.get(message.session)
        if state is None or message.sentence < state.expected:
            return
        if message.sentence > state.expected:
            self.left_out(state, message.sentence)
        state.expected = message.sentence + 1
        state.found_count += 1
        row = Row(
            session=message.session,
            sentence=message.sentence,
            message=message.message,
            text=message.text,
            language=message.language,
            found_at=self._state.now,
            kind=message.kind,
            paragraph=message.paragraph,
            closes=message.closes,
            opens_late=message.paragraph and state.last_found == (message.message, False),
            is_urgent=state.is_now,
        )
        state.last_found = (message.message, message.closes)
        state.rows[row.sentence] = row
        self._state.report(EventName.SENTENCE_FOUND, row, text=row.text[:MAX_CHARACTERS], language=row.language)
        if len(row.text) > MAX_CHARACTERS:
            reason = f"a sentence of {len(row.text)} characters; at most {MAX_CHARACTERS} are spoken"
            self._state.end(row, Outcome.SKIPPED, stage="parser", reason=reason)
            return
        if row.message == state.skipped_message:
            self._state.end(row, Outcome.SKIPPED, reason=SKIPPED_ON_REQUEST)
            return
        state.unplayed.append(row)
        self._take(state, row)

    def left_out(self, state: SessionState, sentence: int) -> None:
        """Report the sentences between the expected one and ``sentence`` as lost."""
        _log.error("session=%s sentence=%d expected=%d", state.session, sentence, state.expected)
        count = sentence - state.expected
        self.failed(state, f"sentences {state.expected} to {sentence - 1} did not arrive", count=count)
        state.expected = sentence

    def failed(self, state: SessionState, reason: str, *, count: int = 1) -> None:
        """Report lost words of a session and count them (a loss of unknown size counts as one sentence)."""
        state.input_skipped = True
        state.found_count += count
        state.outcomes[Outcome.FAILED] += count
        state.last_found = (-1, True)
        event = SessionEvent(
            event=EventName.FAILED, session=state.session, time=self._state.now, stage="parser", reason=reason
        )
        self._state.command(Report(event))
