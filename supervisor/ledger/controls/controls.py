"""Playback controls: pause, skip, repetition, urgent announcements, settings of the loudspeakers. Sans-I/O."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from voicestream.protocol.messages import AdjustPlayback, Pause, PlaybackSettings, Resume
from voicestream.supervisor.ledger.commands import PLAYER
from voicestream.supervisor.ledger.sentences import Outcome
from voicestream.supervisor.ledger.state import SKIPPED_ON_REQUEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.supervisor.ledger.commands import Command
    from voicestream.supervisor.ledger.controls.recent_sentences import HeardSentence
    from voicestream.supervisor.ledger.controls.repeating import Repeating
    from voicestream.supervisor.ledger.lag_policy import LagPolicy
    from voicestream.supervisor.ledger.playing import Playing
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import LedgerState, SessionState


class Controls(abc.ABC):
    """Base of the ledger: what people request for what is being played."""

    state: LedgerState
    playing: Playing
    repeating: Repeating
    lag_policy: LagPolicy

    @abc.abstractmethod
    def _settle(self) -> list[Command]:
        """Take the next steps and return all commands."""

    @abc.abstractmethod
    def _drop(self, row: Row, outcome: Outcome, reason: str) -> None:
        """End a row at any stage."""

    @abc.abstractmethod
    def _take(self, state: SessionState, row: Row) -> None:
        """Pass a new row to translation."""

    def waiting(self, *, everything: bool) -> int:
        """Return the number of sentences that ``skip`` would skip now."""
        if everything:
            return sum(len(state.rows) for state in self.state.sessions.values())
        return len(self.playing.heard_now())

    def skip(self, now: float, *, everything: bool) -> list[Command]:
        """Skip the sentence being played, or everything queued so far."""
        self.state.now = now
        rows = [row for state in self.state.sessions.values() for row in state.rows.values()]
        for row in rows if everything else self.playing.heard_now():
            self._drop(row, Outcome.SKIPPED, SKIPPED_ON_REQUEST)
        return self._settle()

    def skip_session(self, session: str, now: float) -> list[Command]:
        """Skip everything queued so far of one session."""
        self.state.now = now
        state = self.state.sessions.get(session)
        for row in list(state.rows.values()) if state is not None else ():
            self._drop(row, Outcome.SKIPPED, SKIPPED_ON_REQUEST)
        return self._settle()

    def call_attention(self, session: str, text: str, language: str, now: float) -> list[Command]:
        """Announce something that the user must know now: it is spoken before everything queued in all sessions."""
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None:
            self._take(state, self.state.announce(state, text, language, is_urgent=True))
        return self._settle()

    def hold(self, *, paused: bool, now: float) -> list[Command]:
        """Pause or resume playback."""
        self.state.now = now
        if paused != self.playing.paused:
            self.playing.paused = paused
            for state in self.state.sessions.values():
                self.lag_policy.hold(state, is_quiet=paused or state.held)
            if PLAYER in self.state.available:
                self.state.send(PLAYER, Pause() if paused else Resume())
        return self._settle()

    def hold_session(self, session: str, *, held: bool, now: float) -> list[Command]:
        """Pause or resume one session; other sessions are played meanwhile."""
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None and state.held != held:
            self.playing.hold(state, held=held)
            self.lag_policy.hold(state, is_quiet=self.playing.paused or held)
        return self._settle()

    def skip_message(self, now: float) -> tuple[int, list[Command]]:
        """Skip the rest of the message that is being played, also what is found of it later; return its sentences."""
        self.state.now = now
        heard = self.playing.heard_now()
        rows: list[Row] = []
        for row in heard:
            session = self.state.sessions[row.session]
            session.skipped_message = row.message
            of_message = [one for one in session.rows.values() if one.message == row.message]
            rows = [one for one in of_message if one is row or not (one.is_announcement and one.is_urgent)]
        for row in rows:
            self._drop(row, Outcome.SKIPPED, SKIPPED_ON_REQUEST)
        return len(rows), self._settle()

    def repeat(self, count: int, now: float, *, is_back: bool) -> tuple[int, list[Command]]:
        """Go back in the open session that is heard (see ``Repeating.repeat``); return the number of sentences."""
        self.state.now = now
        return self.repeating.repeat(count, is_back=is_back), self._settle()

    def repeat_ended(self, session: str, sentences: Sequence[HeardSentence], now: float) -> list[Command]:
        """Play sentences of an ended session again, in an open one, before those of all other sessions."""
        self.state.now = now
        self.state.sessions[session].repeated_session = sentences[0].session
        self.repeating.add(self.state.sessions[session], sentences)
        return self._settle()

    def adjust(self, settings: PlaybackSettings, now: float) -> list[Command]:
        """Change the settings of the loudspeakers."""
        self.state.now = now
        self.playing.settings = settings
        if PLAYER in self.state.available:
            self.state.send(PLAYER, AdjustPlayback(settings=settings))
        return self._settle()

    def send_settings(self) -> None:
        """Send a new player the pause and the settings."""
        if self.playing.paused:
            self.state.send(PLAYER, Pause())
        if self.playing.settings != PlaybackSettings():
            self.state.send(PLAYER, AdjustPlayback(settings=self.playing.settings))
