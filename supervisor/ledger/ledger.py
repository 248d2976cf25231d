"""The ledger: which sentences are not done yet, and what is to be done about them next.

Pure: it takes events and the time and returns commands; it knows no socket, clock or process. Everything that must
survive the death of a worker is in here, because the process that keeps it runs no code of a model or of a sound
driver.

The rules, each kept whatever the order of events:

- A sentence is known by its id; one that is found again (the parser was replaced) is dropped.
- The loss of a worker moves its sentences one stage back and counts an attempt; after ``MAX_ATTEMPTS`` at one stage
  without getting further the sentence is given up there: translation speaks the original and says so, tts and player skip it.
- Sound that was committed stays, whoever dies: a sentence is made again only from the frame that is missing, and played
  on from the frame of the cursor.
- Playing is strictly in order within a session; sessions take turns by message, but one that was handed over is played
  to its end before later ones that are, or will be, handed over.
- In a session that has a ``max_lag_seconds`` messages that wait longer than that are skipped, and that is announced.
- A session that is held by itself gives its turn back, with the rest of the sentence that is heard; others go on.
- A slot is free again only when nobody can touch it any more: its worker said so, or was reaped.
"""

from __future__ import annotations

import logging
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
    Pause,
    PlaybackFinished,
    PlaybackStarted,
    Ready,
    Resume,
    SentenceFound,
    SessionEvent,
    Silence,
    Translated,
    Underrun,
    WorkFailed,
)
from voicestream.supervisor import requirements
from voicestream.supervisor.ledger.commands import Closed, Command, Report
from voicestream.supervisor.ledger.lag_policy import LagPolicy
from voicestream.supervisor.ledger.playing import Playing
from voicestream.supervisor.ledger.sentences import Outcome, Row
from voicestream.supervisor.ledger.slots import SlotTable
from voicestream.supervisor.ledger.speaking import Speaking
from voicestream.supervisor.ledger.state import MAX_CHARACTERS, LedgerState, SessionState
from voicestream.supervisor.ledger.translating import Translating

if TYPE_CHECKING:
    from voicestream.protocol.audio_pool import Cursor
    from voicestream.protocol.messages import FromWorker, Role, SessionOptions

_log = logging.getLogger(__name__)


class Ledger:
    """All sentences of all sessions. Every method returns the commands that follow from what it was told."""

    def __init__(self, slots: int) -> None:
        self.state = LedgerState(SlotTable(slots))
        self.translating = Translating(self.state)
        self.speaking = Speaking(self.state)
        self.playing = Playing(self.state, self.speaking.playout_start)
        self.lag_policy = LagPolicy(self.state, self._drop, self.translating.found)

    def open_session(self, session: str, options: SessionOptions, now: float, *, detach: bool = False) -> list[Command]:
        """A new session; its id must be new. ``detach``: it is to be handed over at the end of its input."""
        self.state.now = now
        book = SessionState(session=session, options=options, translates=requirements.translates(options))
        self.state.sessions[session] = book
        if detach:
            self.state.queue(session, is_complete=False)
        self.lag_policy.hold(book, is_quiet=self.playing.paused)
        self.playing.open_output(book)
        return self._settle()

    def input_progressed(
        self, session: str, open_message: int | None, now: float, *, found: int, ended: bool
    ) -> list[Command]:
        """The parser is further.

        Args:
            session: whose input it reads.
            open_message: the message that is still being written.
            now: seconds on the monotonic clock.
            found: sentences the parser has sent; with ``ended``, those that did not arrive are reported as failed.
            ended: no further sentence will come.
        """
        self.state.now = now
        book = self.state.sessions.get(session)
        if book is not None:
            if ended and found > book.expected:
                self._left_out(book, found)
            book.open_message = open_message
            book.input_ended = book.input_ended or ended
        return self._settle()

    def input_skipped(self, session: str, reason: str, now: float) -> list[Command]:
        """Some of a session's input could not be read: nobody knows which words were in it."""
        self.state.now = now
        book = self.state.sessions.get(session)
        if book is not None:
            self._input_failed(book, reason)
        return self._settle()

    def stop_session(self, session: str, reason: str, exit_code: int, now: float) -> list[Command]:
        """End a session now: what was not heard is skipped."""
        self.state.now = now
        book = self.state.sessions.get(session)
        if book is not None:
            self._abandon(book, Outcome.SKIPPED, reason)
            self._close(book, exit_code, reason)
        return self._settle()

    def waiting(self, *, everything: bool) -> int:
        """How many sentences ``skip`` would skip now."""
        if everything:
            return sum(len(book.rows) for book in self.state.sessions.values())
        return len(self.playing.heard_now())

    def skip(self, now: float, *, everything: bool) -> list[Command]:
        """Skip the sentence that is being heard, or everything that was found so far."""
        self.state.now = now
        rows = [row for book in self.state.sessions.values() for row in book.rows.values()]
        for row in rows if everything else self.playing.heard_now():
            self._drop(row, Outcome.SKIPPED, "skipped on request")
        return self._settle()

    def hold(self, *, paused: bool, now: float) -> list[Command]:
        """Hold what is heard, or go on with it."""
        self.state.now = now
        if paused != self.playing.paused:
            self.playing.paused = paused
            for book in self.state.sessions.values():
                self.lag_policy.hold(book, is_quiet=paused or book.held)
            if "player" in self.state.available:
                self.state.send("player", Pause() if paused else Resume())
        return self._settle()

    def hold_session(self, session: str, *, held: bool, now: float) -> list[Command]:
        """Hold one session, or let it go on where it was: others are heard meanwhile."""
        self.state.now = now
        book = self.state.sessions.get(session)
        if book is not None and book.held != held:
            self.playing.hold(book, held=held)
            self.lag_policy.hold(book, is_quiet=self.playing.paused or held)
        return self._settle()

    def worker_available(self, role: Role, now: float) -> list[Command]:
        """The worker of a role is ready."""
        self.state.now = now
        self.state.available.add(role)
        if role == "player":
            self.playing.given_back_all()
            if self.playing.paused:
                self.state.send("player", Pause())
            for book in self.state.sessions.values():
                self.playing.open_output(book)
        return self._settle()

    def worker_unavailable(self, role: Role) -> None:
        """The worker of a role gets nothing new, because it is to end; what it has in hand it may still deliver."""
        self.state.available.discard(role)

    def lost(self, role: Role, reason: str, cursor: Cursor, now: float, *, counts_as_failure: bool) -> list[Command]:
        """The worker of a role was reaped. ``counts_as_failure``: nobody asked for its end; its job may be the cause."""
        self.state.now = now
        self.state.available.discard(role)
        match role:
            case "translation":
                self.translating.lost(reason, counts_as_failure=counts_as_failure)
            case "tts":
                self.speaking.lost(reason, counts_as_failure=counts_as_failure)
            case "player":
                given_up = self.playing.lost(cursor, counts_as_failure=counts_as_failure)
                if given_up is not None:
                    self._drop(given_up, Outcome.FAILED, reason)
            case "parser":
                pass  # what it had in hand is input, which sessions keep
        self.state.released_all(role)
        return self._settle()

    def handle(self, role: Role, message: FromWorker, now: float) -> list[Command]:
        """Take a worker's message; one that does not fit what the worker has in hand changes nothing."""
        self.state.now = now
        match role, message:
            case _, Ready():
                self.state.devices[role] = message.device.partition(" ")[0]
            case "parser", SentenceFound():
                self._found(message)
            case "translation", Translated():
                self.translating.done(message)
            case "translation", WorkFailed():
                self.translating.failed(message)
            case "tts", AudioWritten():
                self.speaking.written(message)
            case "tts", WorkFailed():
                self.speaking.failed(message)
            case "tts", Cancelled():
                self.speaking.released(message.session, message.sentence)
                self.state.released("tts", message.session, message.sentence)
            case "player", _:
                self._heard(message)
            case _:
                pass
        return self._settle()

    def tick(self, now: float) -> list[Command]:
        """Time has passed: a turn may be over."""
        self.state.now = now
        return self._settle()

    def in_flight(self, role: Role) -> int:
        """Sentences a worker has in hand."""
        match role:
            case "translation":
                return self.translating.in_flight
            case "tts":
                return self.speaking.in_flight
            case "player":
                return self.playing.in_flight
            case "parser":
                return 0

    def found(self, session: str) -> int:
        """How many sentences of a session were found so far: the ordinal of the next."""
        book = self.state.sessions.get(session)
        return book.expected if book is not None else 0

    def progress(self, role: Role) -> tuple[float | None, int]:
        """Since when the job in hand has made no progress though it could (None: there is none), and its characters."""
        match role:
            case "translation":
                return self.translating.busy_since, self.translating.characters
            case "tts":
                return self.speaking.stalled_since, self.speaking.characters
            case "player":
                return self.playing.stalled_since, 0
            case "parser":
                return None, 0

    def busy_since(self, role: Role) -> float | None:
        """When the job in hand was given to a worker."""
        match role:
            case "translation":
                return self.translating.busy_since
            case "tts":
                return self.speaking.busy_since
            case "player":
                return self.playing.busy_since
            case "parser":
                return None

    def _found(self, message: SentenceFound) -> None:
        book = self.state.sessions.get(message.session)
        if book is None or message.sentence < book.expected:
            return
        if message.sentence > book.expected:
            self._left_out(book, message.sentence)
        book.expected = message.sentence + 1
        book.found_count += 1
        row = Row(
            session=message.session,
            sentence=message.sentence,
            message=message.message,
            text=message.text,
            language=message.language,
            found_at=self.state.now,
            kind=message.kind,
            paragraph=message.paragraph,
            closes=message.closes,
            opens_late=message.paragraph and book.last_found == (message.message, False),
        )
        book.last_found = (message.message, message.closes)
        book.rows[row.sentence] = row
        self.state.report(EventName.SENTENCE_FOUND, row, text=row.text[:MAX_CHARACTERS], language=row.language)
        if len(row.text) > MAX_CHARACTERS:
            reason = f"a sentence of {len(row.text)} characters; at most {MAX_CHARACTERS} are spoken"
            self.state.end(row, Outcome.SKIPPED, stage="parser", reason=reason)
            return
        book.unplayed.append(row)
        self.translating.found(book, row)
        self.lag_policy.found(book, row)

    def _left_out(self, book: SessionState, sentence: int) -> None:
        """The sentences from the expected one to the one before ``sentence`` did not arrive."""
        _log.error("session=%s sentence=%d expected=%d", book.session, sentence, book.expected)
        count = sentence - book.expected
        self._input_failed(book, f"sentences {book.expected} to {sentence - 1} did not arrive", count=count)
        book.expected = sentence

    def _input_failed(self, book: SessionState, reason: str, *, count: int = 1) -> None:
        """Words of a session are lost: an event, in the counts (a loss of unknown size counts as one sentence)."""
        book.input_skipped = True
        book.found_count += count
        book.outcomes[Outcome.FAILED] += count
        book.last_found = (-1, True)
        event = SessionEvent(
            event=EventName.FAILED, session=book.session, time=self.state.now, stage="parser", reason=reason
        )
        self.state.command(Report(event))

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
                self.state.released("player", message.session, message.sentence)
                if message.sentence is None:
                    self.playing.given_back(message.session)
            case _:
                pass

    def _output(self, message: OutputOpened | OutputFailed) -> None:
        book = self.state.sessions.get(message.session)
        if book is None:
            return
        if isinstance(message, OutputOpened):
            book.output_open = True
        else:
            self._abandon(book, Outcome.FAILED, message.reason)
            # Anything else is no exit code of a failure.
            exit_code = message.exit_code if message.exit_code in range(1, 256) else EXIT_INCOMPLETE
            self._close(book, exit_code, message.reason)

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

    def _abandon(self, book: SessionState, outcome: Outcome, reason: str) -> None:
        """End all rows of a session, the one that is heard last so that nothing follows it."""
        if "player" in self.state.available:
            self.state.send("player", Silence(session=book.session))
        if "parser" in self.state.available:
            self.state.send("parser", Cancel(session=book.session))
        for row in list(book.rows.values()):
            self._drop(row, outcome, reason)

    def _settle(self) -> list[Command]:
        self.lag_policy.skip()
        for book in list(self.state.sessions.values()):
            if book.input_ended and not book.rows:
                self._close(book, EXIT_OK if book.is_clean else EXIT_INCOMPLETE, "")
        by_need = self.playing.by_need()
        urgent = self.playing.next_to_be_heard()
        self.speaking.dispatch(by_need, urgent)
        # On one GPU each would slow the other down; somebody waits for the first sound, and for no further translation.
        is_quiet = self.playing.in_flight == 0
        if not (is_quiet and self.state.shares_gpu and self.speaking.is_first_sound_due(urgent)):
            self.translating.dispatch(by_need)
        self.playing.dispatch()
        return self.state.take_commands()

    def _close(self, book: SessionState, exit_code: int, reason: str) -> None:
        self.playing.close_output(book)
        del self.state.sessions[book.session]
        self.state.command(Closed(session=book.session, counts=book.counts(), exit_code=exit_code, reason=reason))
