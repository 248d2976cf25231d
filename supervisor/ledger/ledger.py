"""Ledger of unfinished sentences: state machine of their stages, and scheduling of the next steps.

Sans-I/O: it takes events and the time and returns commands; it uses no socket, clock or process. It has all state that
must survive the death of a worker, because its process runs no code of a model or of a sound driver.

The rules hold for any order of events:

- A sentence is identified by its id; a duplicate (after the replacement of the parser) is dropped.
- The loss of a worker moves its sentences one stage back and counts an attempt. After ``MAX_ATTEMPTS`` at one stage
  without progress the sentence is given up there: translation falls back to the original and reports it, tts and player
  skip it.
- A worker that is lost, slow or not yet ready delays only its own sentences, and those played after them.
- Committed audio survives the death of any worker: synthesis continues at the first missing frame, and playback at the
  frame of the cursor.
- Playback is strictly in order within a session, and round-robin by message between sessions. A detached session that
  was handed over is played to its end before later detached ones.
- A turn of another session begins with a signal, if the session asks for one.
- In a session with ``max_lag_seconds``, messages that wait longer are skipped, and this is announced.
- A session that is paused by itself releases its turn, with the rest of the present sentence; others continue.
- A slot is free again only when no process can access it: its worker released it, or was reaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK
from voicestream.protocol.messages import (
    AudioPlayed,
    AudioWritten,
    Cancel,
    Cancelled,
    EventName,
    OutputFailed,
    OutputOpened,
    PlaybackFinished,
    PlaybackStarted,
    Ready,
    SentenceFound,
    Silence,
    Translated,
    Underrun,
    WorkFailed,
)
from voicestream.supervisor.ledger.commands import PARSER, PLAYER, Closed, Command
from voicestream.supervisor.ledger.controls.controls import Controls
from voicestream.supervisor.ledger.controls.repeating import Repeating
from voicestream.supervisor.ledger.lag_policy import LagPolicy
from voicestream.supervisor.ledger.playing import Playing
from voicestream.supervisor.ledger.reading import Reading
from voicestream.supervisor.ledger.sentences import Outcome, Row
from voicestream.supervisor.ledger.slots import SlotTable
from voicestream.supervisor.ledger.speaking import Speaking
from voicestream.supervisor.ledger.state import LedgerState, SessionState
from voicestream.supervisor.ledger.translating import Translating

if TYPE_CHECKING:
    from voicestream.protocol.audio_pool import Cursor
    from voicestream.protocol.messages import FromWorker, SessionOptions
    from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute, WorkerId


class Ledger(Controls):
    """All sentences of all sessions; every method returns the commands that follow from its arguments."""

    def __init__(self, slots: int) -> None:
        self.state = LedgerState(SlotTable(slots))
        self.translating = Translating(self.state)
        self.speaking = Speaking(self.state)
        self.playing = Playing(self.state, self.speaking.playout_start_of, self._take)
        self.repeating = Repeating(self.state, self.playing, self.speaking)
        self.lag_policy = LagPolicy(self.state, self._drop, self.translating.found)
        self.reading = Reading(self.state, self._take)

    def open_session(
        self,
        session: str,
        options: SessionOptions,
        workers: SessionWorkers,
        now: float,
        *,
        detach: bool = False,
        is_now: bool = False,
    ) -> list[Command]:
        """Open a session with a new id.

        Args:
            session: the id.
            options: of the session.
            workers: of the session.
            now: seconds on the monotonic clock.
            detach: it is to be handed over at the end of its input.
            is_now: its sentences interrupt those of other sessions.
        """
        self.state.now = now
        state = SessionState(session=session, options=options, workers=workers, is_now=is_now)
        self.state.sessions[session] = state
        if detach:
            self.state.queue(session, is_complete=False)
        self.lag_policy.hold(state, is_quiet=self.playing.paused)
        self.playing.open_output(state)
        return self._settle()

    def input_progressed(
        self, session: str, open_message: int | None, now: float, *, found: int, ended: bool
    ) -> list[Command]:
        """Record the parser's progress.

        Args:
            session: session of the input.
            open_message: the unfinished message.
            now: seconds on the monotonic clock.
            found: sentences the parser has sent; with ``ended``, those that did not arrive are reported as failed.
            ended: no further sentence follows.
        """
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None:
            if ended and found > state.expected:
                self.reading.left_out(state, found)
            state.open_message = open_message
            state.input_ended = state.input_ended or ended
        return self._settle()

    def input_skipped(self, session: str, reason: str, now: float) -> list[Command]:
        """Report that some input of a session could not be parsed; the number of lost words is unknown."""
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None:
            self.reading.failed(state, reason)
        return self._settle()

    def stop_session(self, session: str, reason: str, exit_code: int, now: float) -> list[Command]:
        """End a session now; unplayed sentences are skipped."""
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None:
            self._abandon(state, Outcome.SKIPPED, reason)
            self._close(state, exit_code, reason)
        return self._settle()

    def voice_chosen(
        self, session: str, language: str, voice: VoiceRoute, now: float, *, reason: str = ""
    ) -> list[Command]:
        """Set the voice of a language of a session.

        Args:
            session: may have ended.
            language: BCP-47 tag, as in ``ChooseVoice``.
            voice: the worker, and the voice of its engine.
            now: seconds on the monotonic clock.
            reason: reason for the failure of the previous voice, if any.
        """
        self.state.now = now
        state = self.state.sessions.get(session)
        if state is not None:
            state.voices[language] = voice
            self.speaking.change_voice(state, language, voice, reason)
        return self._settle()

    def worker_available(self, worker: WorkerId, now: float) -> list[Command]:
        """Mark a worker as ready."""
        self.state.now = now
        self.state.available.add(worker)
        if worker == PLAYER:
            self.playing.given_back_all()
            self.send_settings()
            for state in self.state.sessions.values():
                self.playing.open_output(state)
        return self._settle()

    def worker_unavailable(self, worker: WorkerId) -> None:
        """Mark a worker as unavailable for new work; it may still deliver its present work."""
        self.state.available.discard(worker)

    def forget(self, worker: WorkerId) -> None:
        """Forget a lost worker that no session needs and that will not be restarted."""
        self.state.devices.pop(worker, None)
        self.state.batch_sizes.pop(worker, None)
        self.speaking.forget(worker)

    def lost(
        self, worker: WorkerId, reason: str, cursor: Cursor, now: float, *, counts_as_failure: bool
    ) -> list[Command]:
        """Handle the loss of a worker; ``counts_as_failure``: nobody requested it, so its job may be the cause."""
        self.state.now = now
        self.state.available.discard(worker)
        match worker.role:
            case "translation":
                self.translating.lost(worker, reason, counts_as_failure=counts_as_failure)
            case "tts":
                self.speaking.lost(worker, reason, counts_as_failure=counts_as_failure)
            case "player":
                given_up = self.playing.lost(cursor, counts_as_failure=counts_as_failure)
                if given_up is not None:
                    self._drop(given_up, Outcome.FAILED, reason)
            case "parser":
                pass  # its work was input, which the sessions keep
        self.state.released_all(worker)
        return self._settle()

    def handle(self, worker: WorkerId, message: FromWorker, now: float) -> list[Command]:
        """Handle a worker's message; one that does not match the worker's present work changes nothing."""
        self.state.now = now
        match worker.role, message:
            case _, Ready():
                self.state.devices[worker] = message.device.partition(" ")[0]
                self.state.batch_sizes[worker] = message.batch_size
            case "parser", SentenceFound():
                self.reading.found(message)
            case "translation", Translated():
                self.translating.translated(worker, message)
            case "translation", WorkFailed():
                self.translating.failed(worker, message)
            case "tts", AudioWritten():
                self.speaking.written(worker, message)
            case "tts", WorkFailed():
                self.speaking.failed(worker, message)
            case "tts", Cancelled():
                self.speaking.released(worker, message.session, message.sentence)
                self.state.released(worker, message.session, message.sentence)
            case "player", _:
                self._heard(message)
            case _:
                pass
        return self._settle()

    def tick(self, now: float) -> list[Command]:
        """Advance the time: a turn may be over."""
        self.state.now = now
        return self._settle()

    def in_flight(self, worker: WorkerId) -> int:
        """Return the number of sentences that a worker is processing."""
        match worker.role:
            case "translation":
                return self.translating.in_flight(worker)
            case "tts":
                return len(self.speaking.jobs.of(worker))
            case "player":
                return self.playing.in_flight
            case "parser":
                return 0

    def found(self, session: str) -> int:
        """Return the number of sentences found in a session, which is the ordinal of the next."""
        state = self.state.sessions.get(session)
        return state.expected if state is not None else 0

    def progress(self, worker: WorkerId) -> tuple[float | None, int]:
        """Return the time since which the present job makes no progress (None: no stalled job), and its characters."""
        match worker.role:
            case "translation":
                return self.translating.busy_since(worker), self.translating.characters(worker)
            case "tts":
                return self.speaking.jobs.stalled_since(worker), self.speaking.jobs.characters(worker)
            case "player":
                return self.playing.stalled_since, 0
            case "parser":
                return None, 0

    def busy_since(self, worker: WorkerId, message: FromWorker) -> float | None:
        """Return the time at which the job was sent to a worker that a message of it is about; None: no job."""
        match worker.role:
            case "translation":
                return self.translating.busy_since(worker)
            case "tts" if isinstance(message, AudioWritten):
                return self.speaking.jobs.busy_since(worker, (message.session, message.sentence))
            case "player":
                return self.playing.busy_since
            case _:
                return None

    def _take(self, state: SessionState, row: Row) -> None:
        self.translating.found(state, row)
        self.lag_policy.found(state, row)

    def _heard(self, message: FromWorker) -> None:
        match message:
            case OutputOpened() | OutputFailed():
                self._output(message)
            case PlaybackStarted():
                self.playing.started(message.session, message.sentence)
            case AudioPlayed():
                self.playing.progressed(message)
            case PlaybackFinished():
                self.playing.finished(message)
            case Underrun() | WorkFailed():
                self._trouble(message)
            case Cancelled():
                self.state.released(PLAYER, message.session, message.sentence)
                if message.sentence is None:
                    self.playing.given_back(message.session)
            case _:
                pass

    def _output(self, message: OutputOpened | OutputFailed) -> None:
        state = self.state.sessions.get(message.session)
        if state is None:
            return
        if isinstance(message, OutputOpened):
            state.output_open = True
        else:
            self._abandon(state, Outcome.FAILED, message.reason)
            # Anything else is no exit code of a failure.
            exit_code = message.exit_code if message.exit_code in range(1, 256) else EXIT_INCOMPLETE
            self._close(state, exit_code, message.reason)

    def _trouble(self, message: Underrun | WorkFailed) -> None:
        row = self.state.row(message.session, message.sentence)
        if row is None or not self.playing.has(row):
            return
        if isinstance(message, Underrun):
            self.state.report(EventName.UNDERRUN, row, frames=message.frames)
        else:
            self._drop(row, Outcome.FAILED, message.reason)

    def _drop(self, row: Row, outcome: Outcome, reason: str) -> None:
        self.translating.revoke(row)
        self.speaking.revoke(row)
        self.playing.revoke(row)
        self.state.end(row, outcome, reason=reason)

    def _abandon(self, state: SessionState, outcome: Outcome, reason: str) -> None:
        """End all rows of a session; the row being played ends last, so that nothing follows it."""
        if PLAYER in self.state.available:
            self.state.send(PLAYER, Silence(session=state.session))
        if PARSER in self.state.available:
            self.state.send(PARSER, Cancel(session=state.session))
        for row in list(state.rows.values()):
            self._drop(row, outcome, reason)

    def _settle(self) -> list[Command]:
        self.repeating.apply()
        self.lag_policy.skip()
        for state in list(self.state.sessions.values()):
            if state.input_ended and not state.rows:
                self._close(state, EXIT_OK if state.is_clean else EXIT_INCOMPLETE, "")
        by_need = self.playing.by_need()
        urgent = self.playing.next_to_be_heard()
        self.speaking.dispatch(by_need, urgent)
        # On one GPU they slow each other down; the first audio is more urgent than further translations.
        busy_gpus = self.speaking.gpus_in_demand(urgent) if self.playing.in_flight == 0 else frozenset[str]()
        self.translating.dispatch(by_need, busy_gpus)
        self.playing.dispatch()
        return self.state.take_commands()

    def _close(self, state: SessionState, exit_code: int, reason: str) -> None:
        self.playing.close_output(state)
        del self.state.sessions[state.session]
        self.state.command(Closed(session=state.session, counts=state.counts(), exit_code=exit_code, reason=reason))
