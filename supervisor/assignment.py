"""Assignment of workers to sessions: each session gets the workers that it requires; sessions share equal workers.

A worker is started when the first session needs it. Its failure affects only the sessions that need it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.config import languages
from voicestream.config.engine_settings import AUTO
from voicestream.protocol.messages import EventName, LanguageVoice, SessionEvent
from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute
from voicestream.supervisor.processes.worker_events import ROLE_WORDS
from voicestream.supervisor.sessions import requirements, voice_selection

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.supervisor.core import Core
    from voicestream.supervisor.ledger.commands import ChooseVoice, WorkerId
    from voicestream.supervisor.processes.worker_events import GivenUp
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.sessions.requirements import Requirement
    from voicestream.supervisor.sessions.session_table import Session

_log = logging.getLogger(__name__)


class Assignment:
    """The workers of all sessions."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def assign(self, session: Session, now: float) -> SessionWorkers:
        """Give a new session its workers and start the missing ones."""
        required = requirements.of_session(session.options)
        records = {role: self._obtain(session, requirement, now) for role, requirement in required.items()}
        options = session.options
        session.workers = SessionWorkers(
            translator=records["translation"].worker if "translation" in records else None,
            voice=VoiceRoute(records["tts"].worker, options.voice, any_engine=options.tts == AUTO),
            follows_language=options.chooses_voices or bool(options.voices),
        )
        return session.workers

    def choose_voice(self, choice: ChooseVoice, now: float) -> None:
        """Choose the voice for a language that is new in a session."""
        session = self._core.sessions.by_id.get(choice.session)
        if session is None or session.workers is None:
            return
        chosen = self._voice_of(session, session.workers.voice, choice.language)
        if chosen is None:
            self._route(session, choice.language, session.workers.voice, now)
            return
        record = self._obtain(session, requirements.of_engine("tts", chosen.engine, self._settings(session)), now)
        voice = VoiceRoute(record.worker, chosen.voice, any_engine=chosen.engine == AUTO)
        if record.worker != session.workers.voice.worker:
            session.voices[choice.language] = voice
        self._route(session, choice.language, voice, now)

    def sessions_of(self, worker: WorkerId) -> list[Session]:
        """Return the sessions that need a worker."""
        return [session for session in self._core.sessions.by_id.values() if session.needs(worker)]

    def given_up(self, event: GivenUp, now: float) -> None:
        """End the sessions that cannot continue without a worker that failed for good.

        A session that used it only for some sentences continues with its own voice.
        """
        core = self._core
        text = f"{ROLE_WORDS[event.worker.role]}: {event.reason}"
        for session in self.sessions_of(event.worker):
            own = session.workers.voice.worker if session.workers is not None else None
            if event.worker != own and event.worker in {voice.worker for voice in session.voices.values()}:
                self._fall_back(session, event, now)
            else:
                core.do(core.ledger.stop_session(session.session, text, event.exit_code, now))

    def release(self, session: Session, now: float) -> None:
        """Release the workers of a session that ended."""
        for record in self._core.table.records.values():
            record.named_by.discard(session.session)
            if session.needs(record.worker):
                record.idle_since = now

    def _voice_of(self, session: Session, own: VoiceRoute, language: str) -> LanguageVoice | None:
        """Return the voice of a language of a session; None: the session's own voice."""
        options = session.options
        named = (voice for tag, voice in options.voices.items() if languages.are_known_and_same(tag, language))
        found = next(named, None)
        if found is not None or not options.chooses_voices:
            return found
        settings = self._settings(session)
        best = voice_selection.better_engine(
            self._core.table.records[own.worker].found_engine,
            voice_selection.candidates(options.target, settings),
            voice_selection.candidates(language, settings),
        )
        return LanguageVoice(engine=best) if best else None

    @staticmethod
    def _settings(session: Session) -> EngineSettings:
        return requirements.settings_of("tts", session.options)

    def _obtain(self, session: Session, requirement: Requirement, now: float) -> WorkerRecord:
        record = self._core.table.obtain(requirement, now)
        if requirement.engine != record.requirement.engine:
            record.named_by.add(session.session)
        return record

    def _fall_back(self, session: Session, event: GivenUp, now: float) -> None:
        """Fall back to the session's own voice for sentences of another voice, and report it."""
        if session.workers is None:
            return
        spoken = [one for one, voice in session.voices.items() if voice.worker == event.worker]
        for language in spoken:
            del session.voices[language]
            self._route(session, language, session.workers.voice, now, event.reason)
        text = f"the voice of the session speaks {', '.join(spoken)} as well: {event.reason}"
        notice = SessionEvent(event=EventName.NOTICE, session=session.session, time=now, role="tts", text=text)
        self._core.sessions.tell(session.session, notice)

    def _route(self, session: Session, language: str, voice: VoiceRoute, now: float, reason: str = "") -> None:
        core = self._core
        core.do(core.ledger.voice_chosen(session.session, language, voice, now, reason=reason))
