"""History of the supervisor's sessions: what is recorded of their events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.history.record import ClosedLine, Described, FoundLine, TranslatedLine
from voicestream.history.recorder import Recorder
from voicestream.protocol.messages import EventName, SessionEvent

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionOptions
    from voicestream.supervisor.ledger.commands import Closed
    from voicestream.supervisor.ledger.state import LedgerState
    from voicestream.supervisor.sessions.session_table import Session

_HINT: Final = "Try: voicestream run --no-history, or set history = false in config.toml"

_log = logging.getLogger(__name__)


class History:
    """Records of the open sessions whose options ask for one."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self._recorder = Recorder()
        self._options: dict[str, SessionOptions] = {}
        """Options of the open sessions to be recorded."""
        self._begun: set[str] = set()
        """Sessions with a sentence, whose records have begun."""
        self._sources: dict[str, Described] = {}

    def opened(self, session: Session) -> None:
        """Handle the opening of a session; its record begins with its first sentence."""
        if session.options.history_days > 0:
            self._options[session.session] = session.options
            self.describe(session.session, agent=session.feed.partition(":")[0], project=session.options.project)

    def describe(self, session: str, *, agent: str = "", project: str = "") -> None:
        """Record the source of a session; empty values say nothing."""
        if session not in self._options:
            return
        before = self._sources.get(session, Described())
        known = Described(agent=agent or before.agent, project=project or before.project)
        if known != before:
            self._sources[session] = known
            if session in self._begun:
                self._recorder.append(session, known)

    def _begin(self, session: str) -> None:
        self._begun.add(session)
        options = self._options[session]
        self._recorder.open(session, options.history_days, language=options.target, source=options.parser.language)
        self._recorder.append(session, self._sources.get(session, Described()))

    def reported(self, event: SessionEvent) -> None:
        """Record a sentence that was found or translated."""
        if event.session not in self._options or event.sentence is None:
            return
        text, language = event.text or "", event.language or ""
        if event.event == EventName.SENTENCE_FOUND:
            if event.session not in self._begun:
                self._begin(event.session)
            session = self._state.sessions.get(event.session)
            row = session.rows.get(event.sentence) if session is not None else None
            closes = row is None or row.closes
            line = FoundLine(sentence=event.sentence, text=text, language=language, closes=closes)
            self._recorder.append(event.session, line)
        elif event.event == EventName.TRANSLATED and event.engine != UNTRANSLATED:
            self._recorder.append(event.session, TranslatedLine(sentence=event.sentence, text=text, language=language))

    def closed(self, closed: Closed) -> None:
        """End the record of a session."""
        self._options.pop(closed.session, None)
        self._sources.pop(closed.session, None)
        if closed.session not in self._begun:
            return
        self._begun.remove(closed.session)
        self._recorder.close_session(
            closed.session,
            lambda lost: ClosedLine(counts=closed.counts, exit_code=closed.exit_code, lost_lines=lost),
        )

    def failures(self, now: float) -> list[SessionEvent]:
        """Return notices about what could not be recorded since the last call."""
        notices: list[SessionEvent] = []
        while self._recorder.failures:
            session, reason = self._recorder.failures.popleft()
            _log.warning("session=%s history=failed reason=%r", session, reason)
            text = f"the history of this session is incomplete: {reason}\n{_HINT}"
            notices.append(SessionEvent(event=EventName.NOTICE, session=session, time=now, text=text))
        return notices

    def close(self) -> None:
        """Write what is queued: the supervisor ends."""
        if not self._recorder.close():
            _log.warning("history=timed_out")
        if self._recorder.lost:
            _log.warning("history=lost lines=%d", self._recorder.lost)
