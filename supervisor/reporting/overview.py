"""Overview of all sessions: lag and queue lengths. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from voicestream.protocol.messages import PlaybackSettings
    from voicestream.supervisor.ledger.ledger import Ledger


class Overview(FrozenRecord, frozen=True):
    """The state of all sessions together."""

    behind_seconds: float
    """Age of the oldest sentence whose playback has not started, in seconds; 0 if none waits."""
    waiting_sentences: int
    """Number of sentences whose playback has not started."""
    speaking_session: str | None
    """Session of the sentence being played; None: none."""
    playback: PlaybackSettings
    """Settings of the loudspeakers."""


def of(ledger: Ledger, now: float) -> Overview:
    """Return the present overview."""
    waiting = [
        row
        for session in ledger.state.sessions.values()
        for row in session.rows.values()
        if not (row.heard or row.is_announcement)
    ]
    heard = ledger.playing.heard_now()
    return Overview(
        behind_seconds=max((now - row.found_at for row in waiting), default=0.0),
        waiting_sentences=len(waiting),
        speaking_session=heard[0].session if heard else None,
        playback=ledger.playing.settings,
    )
