"""Requests for playback: pause, skip, repetition and settings of the loudspeakers."""

from __future__ import annotations

import logging
import math
import os
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.protocol.messages import OpenSession, PlaybackSettings
from voicestream.supervisor.reporting import control_answers, session_events
from voicestream.supervisor.sessions import admission

if TYPE_CHECKING:
    from voicestream.protocol.messages import Control
    from voicestream.supervisor.assignment import Assignment
    from voicestream.supervisor.core import Core

PAUSE: Final = "voicestream pause"
"""Name of the command that pauses all sessions, as shown to people."""

_log = logging.getLogger(__name__)


class PlaybackRequests:
    """Handler of the requests for playback."""

    def __init__(self, core: Core, assignment: Assignment) -> None:
        self._core = core
        self._assignment = assignment

    @property
    def paused_by(self) -> str:
        """Cause of a pause of all sessions; empty = not paused."""
        if self._core.ledger.playing.paused:
            return PAUSE
        state = self._core.ledger.state.sessions
        return ", ".join(state) if all(book.held for book in state.values()) else ""

    def hold(self, session: str, *, paused: bool, now: float) -> None:
        """Pause or resume one session, or all sessions if ``session`` is empty."""
        if session:
            self._core.do(self._core.ledger.hold_session(session, held=paused, now=now))
            return
        if paused != self._core.ledger.playing.paused:
            self._core.sessions.tell_all(lambda session: session_events.paused(session, PAUSE, now, paused=paused))
        self._core.do(self._core.ledger.hold(paused=paused, now=now))
        if not paused:
            for each in list(self._core.sessions.by_id):
                self._core.do(self._core.ledger.hold_session(each, held=False, now=now))

    def take(self, message: Control, now: float) -> str:
        """Carry out a request; return the answer for people."""
        ledger = self._core.ledger
        match message.action:
            case "pause" | "resume":
                is_pause = message.action == "pause"
                text = control_answers.of_hold(
                    paused=is_pause, by=self.paused_by, is_heard=bool(ledger.waiting(everything=True))
                )
                self.hold(message.session, paused=is_pause, now=now)
                return text
            case "skip" | "hush":
                everything = message.action == "hush"
                text = control_answers.of_skip(ledger.waiting(everything=everything), everything=everything)
                self._core.do(ledger.skip(now, everything=everything))
                return text
            case "skip_message":
                count, commands = ledger.skip_message(now)
                self._core.do(commands)
                return control_answers.of_skip(count, everything=True)
            case "back" | "replay":
                return control_answers.of_repeat(self._repeat(message, now))
            case _:
                settings = adjusted(ledger.playing.settings, message)
                self._core.do(ledger.adjust(settings, now))
                return control_answers.of_settings(settings)

    def _repeat(self, message: Control, now: float) -> int:
        """Play earlier sentences again; return their number."""
        ledger = self._core.ledger
        count, commands = ledger.repeat(message.sentences, now, is_back=message.action == "back")
        self._core.do(commands)
        return count or self._repeat_ended(message.sentences, now)

    def _repeat_ended(self, count: int, now: float) -> int:
        """Open a session without a client that plays the last sentences of an ended session; return their number."""
        core = self._core
        recent = core.ledger.state.recent
        ended = recent.last_session
        sentences = recent.before(ended, math.inf, count)
        key = f"replay:{ended}"
        open_sessions = core.sessions.by_id.values()
        is_open = any(ended == one.session or key == one.feed for one in open_sessions)
        if core.is_ending or is_open or not sentences or admission.no_room(len(open_sessions), 0):
            return 0
        options = msgspec.structs.replace(sentences[0].options, max_lag_seconds=0.0)
        opening = OpenSession(pid=os.getpid(), options=options, feed=key)
        session = core.sessions.open(b"", opening, now)
        session.is_told = False
        session.input_ended = True
        core.idle_since = None
        workers = self._assignment.assign(session, now)
        _log.info("session=%s state=opened repeats=%s sentences=%d", session.session, ended, len(sentences))
        core.do(core.ledger.open_session(session.session, options, workers, now))
        core.do(core.ledger.repeat_ended(session.session, sentences, now))
        return len(sentences)


def adjusted(settings: PlaybackSettings, message: Control) -> PlaybackSettings:
    """Return the settings after a request. Pure."""
    match message.action:
        case "speed":
            return msgspec.structs.replace(settings, speed=message.playback.speed)
        case "volume":
            return msgspec.structs.replace(settings, volume=message.playback.volume)
        case _:
            return msgspec.structs.replace(settings, muted=message.action == "mute")
