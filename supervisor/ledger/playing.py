"""The player stage of the ledger: what is being heard and what comes next, strictly in order, in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import CloseOutput, EventName, OpenOutput, Play, Silence
from voicestream.supervisor.ledger import round_robin
from voicestream.supervisor.ledger.commands import PLAYER
from voicestream.supervisor.ledger.sentences import Outcome, Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, first_open, put_in_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.audio_pool import Cursor
    from voicestream.protocol.messages import AudioPlayed, PlaybackFinished
    from voicestream.supervisor.ledger.playout_start import PlayoutStart
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import Key, LedgerState, SessionState

PLAY_AHEAD: Final = 2
"""Sentences the player holds: the one that is heard and the next one, so that no gap is left between them."""

SERIAL_MODULUS: Final = 1 << 24
"""The cursor in the pool keeps this many serials apart."""


class Playing:
    """What the player has in hand, and what it gets next."""

    def __init__(self, state: LedgerState, playout_start_of: Callable[[Row], PlayoutStart]) -> None:
        self._state = state
        self._playout_start_of = playout_start_of
        self._rows: list[Row] = []
        self._turn: round_robin.Turn | None = None
        self._serial = 0
        self._progress_at = 0.0
        self._first_since = 0.0
        self.paused = False
        self._withdrawing: dict[str, float] = {}
        """Held sessions of which the player was asked to give back what it has, and since when it owes the answer."""

    @property
    def in_flight(self) -> int:
        """Sentences at the player."""
        return len(self._rows)

    @property
    def busy_since(self) -> float | None:
        """When the sentence that is heard, or is about to be, was the next: its predecessor had ended."""
        return self._first_since if self._rows else None

    @property
    def stalled_since(self) -> float | None:
        """Since when the player could have played something and has not; None: there is nothing, or it is paused."""
        if self._withdrawing:
            return min(self._withdrawing.values())
        # One that was played to its end and not reported so counts, too: all behind it wait for that word.
        if self.paused or not any(row.last_sent or row.sent_frames > row.played_frames for row in self._rows):
            return None
        return self._progress_at

    def open_output(self, session: SessionState) -> None:
        """Have the player get a session's output ready; it says when."""
        session.output_open = False
        if PLAYER not in self._state.available:
            return
        playing = [row for row in self._rows if row.session == session.session]
        begun = playing[0] if playing else first_open(session.unplayed)
        # One that was given back, too, may have been played in part.
        is_begun = begun is not None and (playing or begun.played_frames)
        position = begun.position + begun.played_frames if begun is not None and is_begun else session.next_position
        output = session.options.output
        self._state.send(PLAYER, OpenOutput(session=session.session, output=output, position=position))

    def close_output(self, session: SessionState) -> None:
        """Have the player let go of a session's output."""
        if PLAYER in self._state.available:
            self._state.send(PLAYER, CloseOutput(session=session.session))

    def hold(self, session: SessionState, *, held: bool) -> None:
        """Hold one session, or let it go on: the player gives back what it has of it, and others are heard."""
        session.held = held
        is_at_player = any(row.session == session.session for row in self._rows)
        if held and is_at_player and session.session not in self._withdrawing:
            self._withdrawing[session.session] = self._state.now
            if PLAYER in self._state.available:
                self._state.send(PLAYER, Silence(session=session.session))

    def given_back(self, session: str) -> None:
        """The player has nothing of a session any more, and has told how far it was: the rest waits for its turn."""
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
        """There is no player that could have anything."""
        for session in list(self._withdrawing):
            self.given_back(session)

    def started(self, session: str, sentence: int) -> None:
        """The first frame of a sentence was handed over."""
        for row in self._rows:
            if row.key == (session, sentence) and not row.heard:
                self._hear(row)

    def progressed(self, answer: AudioPlayed) -> None:
        """Some frames of a sentence were handed over: their slots are free."""
        for row in self._rows:
            if row.key == (answer.session, answer.sentence):
                self._progress_at = self._state.now
                self._state.free(row.key, row.play_up_to(min(answer.frame, row.sent_frames)))

    def finished(self, answer: PlaybackFinished) -> None:
        """A sentence was heard to its end."""
        row = self._rows[0] if self._rows else None
        if row is not None and row.key == (answer.session, answer.sentence) and row.last_sent:
            self._finish(self._rows.pop(0))

    def lost(self, cursor: Cursor, *, counts_as_failure: bool) -> Row | None:
        """The player was reaped, the cursor where it is; returns the row that cost too many players, if one did."""
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
        """The sentence that is being heard, if one is."""
        return [row for row in self._rows[:1] if row.heard]

    def has(self, row: Row) -> bool:
        """Whether the player has the row in hand."""
        return row in self._rows

    def revoke(self, row: Row) -> None:
        """The row has ended: if it is in the player's hands, the player is to let go of it."""
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
        """The sentences of which one is to be heard next: what tts should be working on first."""
        rows = [row for row in self._rows if row.session not in self._withdrawing]
        if rows and not rows[-1].is_complete:
            return {rows[-1].key}
        heads = self._heads()
        if self._turn is not None and self._holds(self._turn):
            row = heads.get(self._turn.session)
            return {row.key} if row else set()
        return {row.key for row in heads.values()}

    def by_need(self) -> list[SessionState]:
        """The sessions, in the order in which they need further sound."""
        if len(self._state.sessions) < 2:  # noqa: PLR2004 - the usual case, and this runs with every message
            return list(self._state.sessions.values())
        order = round_robin.order_after(self._turn, list(self._state.sessions))
        behind = self._behind()
        if self._turn is not None and self._turn.session in self._state.sessions and self._holds(self._turn):
            order.insert(0, order.pop())
            behind.pop(self._turn.session, None)
        # sorted() is stable: sessions that are equally well off are served in the order in which they take turns. Any
        # other order, and of three sessions two could take turns for ever where the voice is slower than the player.
        return sorted(
            (self._state.sessions[session] for session in order),
            key=lambda session: (session.held, behind.get(session.session, 0), session.ahead),
        )

    def dispatch(self) -> None:
        """Tell the player of everything it may know by now."""
        if PLAYER not in self._state.available:
            return
        for row in self._rows:
            if row.session in self._withdrawing:
                return  # it is about to be given back, and what comes after it moves up
            self._send(row)
            if not row.last_sent:
                return  # the next one is told of after the end of this one, also when outputs open in another order
        while len(self._rows) < PLAY_AHEAD and (following := self._next()) is not None:
            if not self._rows:
                self._first_since = self._state.now
            self._rows.append(following)
            self._send(following)
            if not following.last_sent:
                return

    def _next(self) -> Row | None:
        candidates = {
            session: round_robin.Candidate(
                message=row.message, ready=self._may_start(self._state.sessions[session], row)
            )
            for session, row in self._heads().items()
        }
        if not candidates:
            return None
        chosen = round_robin.next_session(
            self._turn, list(self._state.sessions), candidates, self._open_messages(), self._state.now
        )
        if chosen is None:
            return None
        session = self._state.sessions[chosen]
        row = session.unplayed.popleft()
        session.begun_message = row.message
        self._turn = round_robin.Turn(session=chosen, message=row.message, since=self._state.now)
        self._serial += 1
        row.serial = self._serial
        row.position = session.next_position
        return row

    def _may_start(self, session: SessionState, row: Row) -> bool:
        if not session.output_open or not row.is_playable:
            return False
        if session.unannounced and row.message > session.begun_message:
            return False  # first it is to be said what was skipped before it
        if row.is_complete or row.timeline is None or row.stage is not Stage.SPEAKING:
            return row.is_complete
        return self._playout_start_of(row).may_start(row.timeline, row.expected_seconds, self._state.now)

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
        self._state.report(EventName.PLAYBACK_STARTED, row)

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
        """The next sentence of each session that can have the next turn."""
        behind = self._behind()
        heads: dict[str, Row] = {}
        for name, session in self._state.sessions.items():
            row = None if session.held else first_open(session.unplayed)
            if row is not None and (name not in behind or self._has_begun(row)):
                heads[name] = row
        return heads

    def _behind(self) -> dict[str, int]:
        """The sessions that wait until an earlier one was played. A held one keeps nobody waiting."""
        sessions = self._state.sessions.values()
        return round_robin.behind({one.session: one.queued for one in sessions if one.queued and not one.held})

    def _has_begun(self, row: Row) -> bool:
        """Whether the turn is that of a row's message, which is not interrupted."""
        return self._turn is not None and (self._turn.session, self._turn.message) == (row.session, row.message)

    def _open_messages(self) -> dict[str, int | None]:
        # A held session does not keep the word: nobody knows for how long it is held.
        return {name: None if one.held else one.open_message for name, one in self._state.sessions.items()}
