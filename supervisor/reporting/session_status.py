"""Session status: present sentence and queue of each session. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import SessionStatus

if TYPE_CHECKING:
    from voicestream.supervisor.ledger.ledger import Ledger
    from voicestream.supervisor.sessions.session_table import Session, Sessions

MAX_CHARACTERS: Final = 200
"""Upper bound of the characters shown of the sentence being played."""


def of_all(sessions: Sessions, ledger: Ledger, now: float) -> list[SessionStatus]:
    """Return the status of all open sessions, the oldest first."""
    return [_of(session, ledger, now) for session in sessions.by_id.values()]


def _of(session: Session, ledger: Ledger, now: float) -> SessionStatus:
    state = ledger.state.sessions[session.session]
    heard = next((row for row in ledger.playing.heard_now() if row.session == session.session), None)
    waiting = [row for row in state.rows.values() if row is not heard and not row.is_announcement]
    return SessionStatus(
        session=session.session,
        client_pid=session.client_pid if session.watch is not None else None,
        detached=session.detached,
        held=state.held,
        output=session.options.output.kind,
        language=session.options.target,
        project=session.options.project,
        open_seconds=round(now - session.opened_at, 3),
        input_ended=session.input_ended,
        text=heard.text[:MAX_CHARACTERS] if heard is not None else "",
        text_seconds=round(now - heard.heard_at, 3) if heard is not None else 0.0,
        waiting_sentences=len(waiting),
        waiting_messages=len({row.message for row in waiting}),
        behind_seconds=round(now - min(row.found_at for row in waiting), 3) if waiting else 0.0,
    )
