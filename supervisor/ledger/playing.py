"""Playback stage of the ledger: strict order within a session, round-robin between sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import CloseOutput, EventName, OpenOutput, Play, PlaybackSettings, Silence
from voicestream.supervisor.ledger.commands import PLAYER
from voicestream.supervisor.ledger.sentences import Outcome, Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, first_open, put_in_order
from voicestream.supervisor.ledger.turns import round_robin
from voicestream.supervisor.ledger.turns.turn_signal import TurnSignals

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.audio_pool import Cursor
    from voicestream.protocol.messages import AudioPlayed, PlaybackFinished
    from voicestream.supervisor.ledger.playout_start import PlayoutStart
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import Key, LedgerState, SessionState

PLAY_AHEAD: Final = 2
"""Sentences sent ahead to the player: the one being played and the next, for gapless playback."""

SERIAL_MODULUS: Final = 1 << 24
"""Modulus of the serials in the cursor of the pool."""


class Playing:
    """Sentences at the player, and selection of the next."""

    def __init__(
        self,
        state: LedgerState,
        playout_start_of: Callable[[Row], PlayoutStart],
        take: Callable[[SessionState, Row], None],
    ) -> None:
        """Set up the stage.

        Args:
            state: of the ledger.
            playout_start_of: returns the playout start of a sentence.
            take: passes a new row to translation.
        """
        self._state = state
        self._signals = TurnSignals(state, take)
        self._playout_start_of = playout_start_of
        self._rows: list[Row] = []
        self._turn: round_robin.Turn | None = None
        self._serial = 0
        self._progress_at = 0.0
        self._first_since = 0.0
        self.paused = False
        self.settings = PlaybackSettings()
        self._withdrawing: dict[str, float] = {}
        """Paused sessions whose revocation the player has not confirmed yet, with the time of the request."""

    @property
    def in_flight(self) -> int:
        """Number of sentences at the player."""
        return len(self._rows)

    @property
    def busy_since(self) -> float | None:
        """Time at which the sentence being played, or about to be, became the next."""
        return self._first_since if self._rows else None

    @property
    def stalled_since(self) -> float | None:
        """Time since which the player has made no progress though it could; None: nothing to play, or paused."""
        if self._withdrawing:
            return min(self._withdrawing.values())
        # A sentence played to its end but not reported counts as well: all sentences behind it wait for the report.
        if self.paused or not any(row.last_sent or row.sent_frames > row.played_frames for row in self._rows):
            return None
        return self._progress_at

    def open_output(self, session: SessionState) -> None:
        """Request the opening of a session's output; the player reports when it is open."""
        session.output_open = False
        if PLAYER not in self._state.available:
            return
        playing = [row for row in self._rows if row.session == session.session]
        begun = playing[0] if playing else first_open(session.unplayed)
        # A sentence that was revoked may have been played in part, too.
        is_begun = begun is not None and (playing or begun.played_frames)
        position = begun.position + begun.played_frames if begun is not None and is_begun else session.next_position
        output = session.options.output
        self._state.send(PLAYER, OpenOutput(session=session.session, output=output, position=position))

    def close_output(self, session: SessionState) -> None:
        """Request the closing of a session's output."""
        if PLAYER in self._state.available:
            self._state.send(PLAYER, CloseOutput(session=session.session))

    def hold(self, session: SessionState, *, held: bool) -> None:
        """Pause or resume one session; the player releases its sentences, and other sessions are played."""
        session.held = held
        if held:
            self.withdraw(session.session)

    def withdraw(self, session: str) -> None:
        """Request the release of a session's sentences by the player (``given_back``), at the present frame."""
        if any(row.session == session for row in self._rows) and session not in self._withdrawing:
            self._withdrawing[session] = self._state.now
            if PLAYER in self._state.available:
                self._state.send(PLAYER, Silence(session=session))

    def given_back(self, session: str) -> None:
        """Handle the release of a session by the player, which reported its progress: the rest waits for its turn."""
        if self._withdrawing.pop(session, None) is None:
            return
        rows = [row for row in self._rows if row.session == session]
        if not rows:
            return
        if self._rows[0].session == session:
            self._first_since = self._progress_at = self._state.now
        self._rows = [row for row in self._rows if row.session != session]
        state = self._state.sessions[session]
        state.next_position = rows[0].position
        for row in rows:
            row.serial = 0
            row.sent_frames = row.played_frames
            row.last_sent = False
            put_in_order(state.unplayed, row)

    def given_back_all(self) -> None:
        """Handle the loss of the player: it holds nothing."""
        for session in list(self._withdrawing):
            self.given_back(session)

    def started(self, session: str, sentence: int) -> None:
        """Record that the first frame of a sentence was played."""
        for row in self._rows:
            if row.key == (session, sentence) and not row.heard:
                self._hear(row)

    def progressed(self, answer: AudioPlayed) -> None:
        """Record that frames of a sentence were played; release their slots."""
        for row in self._rows:
            if row.key == (answer.session, answer.sentence):
                self._progress_at = self._state.now
                self._state.free(row.key, row.play_up_to(min(answer.frame, row.sent_frames)))

    def finished(self, answer: PlaybackFinished) -> None:
        """Record that a sentence was played to its end."""
        row = self._rows[0] if self._rows else None
        if row is not None and row.key == (answer.session, answer.sentence) and row.last_sent:
            self._finish(self._rows.pop(0))

    def lost(self, cursor: Cursor, *, counts_as_failure: bool) -> Row | None:
        """Handle the loss of the player at the cursor; return the row that exceeded the attempts, if any."""
        at = next((i for i, row in enumerate(self._rows) if row.serial % SERIAL_MODULUS == cursor.serial), None)
        if at is not None:
            for row in self._rows[:at]:
                self._finish(row)
            self._rows = self._rows[at:]
            row = self._rows[0]
            self._state.free(row.key, row.play_up_to(min(cursor.frame, row.sent_frames)))
            if row.last_sent and row.played_frames == row.frames:
                self._finish(self._rows.pop(0))
        for row in self._rows:
            row.sent_frames = row.played_frames
            row.last_sent = False
        for session in self._state.sessions.values():
            session.output_open = False
        given_up = self._rows[0] if counts_as_failure and self._rows and self._is_given_up(self._rows[0]) else None
        self.given_back_all()
        return given_up

    def heard_now(self) -> list[Row]:
        """Return the sentence being played, if any."""
        return [row for row in self._rows[:1] if row.heard]

    @property
    def first(self) -> Row | None:
        """Sentence that is being played, or about to be; None: none."""
        return self._rows[0] if self._rows else None

    def holds(self, session: str) -> bool:
        """Return whether the player has sentences of a session."""
        return any(row.session == session for row in self._rows)

    def has(self, row: Row) -> bool:
        """Return whether the player holds the row."""
        return row in self._rows

    def revoke(self, row: Row) -> None:
        """Revoke an ended row if the player holds it."""
        session = self._state.sessions[row.session]
        if row not in self._rows:
            if row.played_frames:
                session.next_position = row.position + row.played_frames
            return
        self._rows.remove(row)
        if all(later.session != row.session for later in self._rows):
            session.next_position = row.position + row.played_frames
        if PLAYER in self._state.available:
            self._state.revoke(PLAYER, row.key)

    def next_to_be_heard(self) -> AbstractSet[Key]:
        """Return the sentences that may be played next; tts synthesizes them first."""
        rows = [row for row in self._rows if row.session not in self._withdrawing]
        if rows and not rows[-1].is_complete:
            return {rows[-1].key, *(row.key for row in self._interrupting_heads())}
        heads = self._heads()
        if urgent := {row.key for row in heads.values() if row.is_urgent}:
            return urgent
        if self._turn is not None and self._holds(self._turn):
            row = heads.get(self._turn.session)
            return {row.key} if row else set()
        return {row.key for row in heads.values()}

    def by_need(self) -> list[SessionState]:
        """Return the sessions in the order in which they need further audio."""
        if len(self._state.sessions) < 2:  # noqa: PLR2004 - the usual case, and this runs with every message
            return list(self._state.sessions.values())
        order = round_robin.order_after(self._turn, list(self._state.sessions))
        behind = self._behind()
        if self._turn is not None and self._turn.session in self._state.sessions and self._holds(self._turn):
            order.insert(0, order.pop())
            behind.pop(self._turn.session, None)
        # sorted() is stable: sessions with equal needs keep the round-robin order. With any other order, two of three
        # sessions could take turns forever if the voice is slower than playback.
        return sorted(
            (self._state.sessions[session] for session in order),
            key=lambda session: (session.held, not session.is_now, behind.get(session.session, 0), session.ahead),
        )

    def dispatch(self) -> None:
        """Send all sendable audio to the player."""
        if PLAYER not in self._state.available:
            return
        self._interrupt()
        for row in self._rows:
            if row.session in self._withdrawing:
                return  # it is about to be released, and its successor moves up
            self._send(row)
            if not row.last_sent:
                return  # the next one is sent after the end of this one, also when outputs open in another order
        while len(self._rows) < PLAY_AHEAD and (following := self._next()) is not None:
            if not self._rows:
                self._first_since = self._state.now
            self._rows.append(following)
            self._send(following)
            if not following.last_sent:
                return

    def _next(self) -> Row | None:
        heads = self._heads()
        for row in heads.values():
            if row.is_urgent and self._may_start(self._state.sessions[row.session], row):
                return self._take(row)  # the turn stays where it is
        if any(session.is_interrupting(self._state.now) for session in self._state.sessions.values()):
            return None
        candidates = {
            session: round_robin.Candidate(
                message=row.message, ready=self._may_start(self._state.sessions[session], row)
            )
            for session, row in heads.items()
        }
        if not candidates:
            return None
        chosen = round_robin.next_session(
            self._turn, list(self._state.sessions), candidates, self._open_messages(), self._state.now
        )
        if chosen is None:
            return None
        row = heads[chosen]
        session = self._state.sessions[chosen]
        session.begun_message = row.message
        self._turn = round_robin.Turn(session=chosen, message=row.message, since=self._state.now)
        if self._signals.introduce(session, row):
            return None  # its name is the next row
        return self._take(row)

    def _interrupt(self) -> None:
        """Withdraw the sentences at the player when a sentence that goes before them can be played."""
        sessions = self._state.sessions
        heads = self._interrupting_heads() if self._rows else []
        if any(self._may_start(sessions[row.session], row) for row in heads):
            for name in {row.session for row in self._rows if not sessions[row.session].is_now}:
                self.withdraw(name)

    def _take(self, row: Row) -> Row:
        session = self._state.sessions[row.session]
        session.taken_at = self._state.now
        session.unplayed.popleft()
        self._serial += 1
        row.serial = self._serial
        row.position = session.next_position
        row.signal = self._signals.taken(session)
        return row

    def _may_start(self, session: SessionState, row: Row) -> bool:
        if not session.output_open or not row.is_playable:
            return False
        if session.unannounced and not row.is_urgent and row.message > session.begun_message:
            return False  # the announcement of skipped messages comes first
        if row.is_complete or row.timeline is None or row.stage is not Stage.SPEAKING:
            return row.is_complete
        # Files are written at the natural speed.
        rate = self.settings.speed if session.options.output.kind == "speakers" else 1.0
        start = self._playout_start_of(row)
        return start.may_start(row.timeline, row.expected_seconds, self._state.now, rate=rate)

    def _send(self, row: Row) -> None:
        session = self._state.sessions[row.session]
        if row.last_sent or not session.output_open:
            return
        for segment in row.segments:
            skip = max(0, row.sent_frames - segment.at)
            if skip >= segment.frames:
                continue
            last = row.is_complete and segment.end == row.frames
            self._play(row, segment.slot, segment.start + skip, segment.frames - skip, last=last)
        if row.is_complete and not row.last_sent:
            self._play(row, 0, 0, 0, last=True)

    def _play(self, row: Row, slot: int, start: int, frames: int, *, last: bool) -> None:
        if row.sent_frames == row.played_frames:
            self._progress_at = self._state.now
        self._state.send(
            PLAYER,
            Play(
                session=row.session,
                sentence=row.sentence,
                serial=row.serial,
                position=row.position,
                frame=row.sent_frames,
                slot=slot,
                start=start,
                frames=frames,
                last=last,
                signal="" if row.sent_frames else row.signal,
            ),
        )
        row.sent_frames += frames
        if last:
            row.last_sent = True
            self._state.sessions[row.session].next_position = row.position + row.frames

    def _finish(self, row: Row) -> None:
        if not row.heard:
            self._hear(row)
        row.played_frames = row.frames
        self._progress_at = self._first_since = self._state.now
        if row.give_up_reason:
            self._state.end(row, Outcome.SKIPPED, stage="tts", reason=row.give_up_reason)
        else:
            self._state.end(row, Outcome.PLAYED)

    def _hear(self, row: Row) -> None:
        row.heard = True
        row.heard_at = self._state.now
        self._state.report(EventName.PLAYBACK_STARTED, row, position=row.position)

    def _is_given_up(self, row: Row) -> bool:
        if row.player_attempts_at != row.played_frames:
            row.player_attempts_at = row.played_frames
            row.player_attempts = 0
        row.player_attempts += 1
        return row.player_attempts >= MAX_ATTEMPTS

    def _holds(self, turn: round_robin.Turn) -> bool:
        candidates = {
            session: round_robin.Candidate(message=row.message, ready=row.is_playable)
            for session, row in self._heads().items()
        }
        return round_robin.holds(turn, candidates, self._open_messages(), self._state.now)

    def _heads(self) -> dict[str, Row]:
        """Return the next sentence of each session that can have the next turn."""
        behind = self._behind()
        heads: dict[str, Row] = {}
        for name, session in self._state.sessions.items():
            row = None if session.held else first_open(session.unplayed)
            if row is not None and (name not in behind or self._has_begun(row)):
                heads[name] = row
        return heads

    def _interrupting_heads(self) -> list[Row]:
        """Return the next sentences of sessions that go before all others."""
        if not any(session.is_now for session in self._state.sessions.values()):
            return []  # the usual case, and this runs with every message
        return [row for row in self._heads().values() if self._state.sessions[row.session].is_now]

    def _behind(self) -> dict[str, int]:
        """Return the sessions that wait for an earlier one. A paused session delays no others."""
        sessions = self._state.sessions.values()
        queue = {one.session: one.queued for one in sessions if one.queued and not one.held}
        return round_robin.behind(queue) if queue else {}

    def _has_begun(self, row: Row) -> bool:
        """Return whether the turn belongs to the row's message, which is not interrupted."""
        return self._turn is not None and (self._turn.session, self._turn.message) == (row.session, row.message)

    def _open_messages(self) -> dict[str, int | None]:
        # A paused session does not keep the turn: the length of the pause is unknown.
        return {name: None if one.held else one.open_message for name, one in self._state.sessions.items()}
