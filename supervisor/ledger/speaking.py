"""The tts stage of the ledger: one sentence at the worker at a time, with the slots it writes to."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.config.speech_duration import estimate
from voicestream.protocol.audio_pool import SAMPLE_RATE, SLOT_FRAMES
from voicestream.protocol.messages import EventName, Lease, Speak
from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline
from voicestream.supervisor.ledger.playout_start import PlayoutStart
from voicestream.supervisor.ledger.sentences import Outcome, Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, first_open, put_in_order

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.messages import AudioWritten, SessionOptions, WorkFailed
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import Key, LedgerState, SessionState

LEASE_AHEAD: Final = 4
"""Unwritten slots a voice has in hand, 2 s: the answer to a request is there long before it needs the next one."""

MAX_FIRST_LEASE: Final = 32
"""Slots leased with a job, at most: the rest follows while it is written."""

SECONDS_PER_CHARACTER: Final = 0.08
"""A guess at the length of what is spoken, for the first lease only (English at 175 words a minute: 0.07)."""


FIRST_SOUND_SECONDS: Final = 0.3
"""How long all else on its GPU waits for the first sound of a voice, which takes a tenth of that where it is fast: one
that is slower is worth no more delay of what follows."""


@dataclass
class _Job:
    row: Row
    attempt: int
    since: float
    progress_at: float
    """When it last wrote something, or last got a slot to write to."""
    timeline: ChunkTimeline
    silent_seconds: float
    """Of what it is to make: the quiet before and after the sentence."""
    starving_since: float | None = None
    revoked: bool = False


class Speaking:
    """What the tts worker has in hand, and what it gets next."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self._job: _Job | None = None
        self.playout_start: Final = PlayoutStart()

    @property
    def in_flight(self) -> int:
        """Sentences at the worker."""
        return 1 if self._job else 0

    @property
    def busy_since(self) -> float | None:
        """When the sentence in hand was sent."""
        return self._job.since if self._job else None

    @property
    def stalled_since(self) -> float | None:
        """Since when the worker could have written something and has not; None: it has nothing to do, or no slot."""
        job = self._job
        return job.progress_at if job is not None and job.starving_since is None else None

    @property
    def characters(self) -> int:
        """Length of the sentence in hand."""
        return len(self._job.row.text) if self._job else 0

    def is_first_sound_due(self, urgent: AbstractSet[Key]) -> bool:
        """Whether a sentence that may be the next to be heard was given to the worker, and has no sound yet.

        Args:
            urgent: as for ``dispatch``.
        """
        job = self._job
        if job is None or job.row.frames or job.row.key not in urgent:
            return False
        return self._state.now < job.since + FIRST_SOUND_SECONDS

    def written(self, answer: AudioWritten) -> None:
        """Take committed samples; a message that is stale is of no use.

        One of this very job that does not follow the one before has a gap or an overlap before it: what the worker
        makes from here on is of no use, and the rest of the sentence is made again.
        """
        job = self._job
        if job is None or job.revoked or job.row.key != (answer.session, answer.sentence):
            return
        row = job.row
        if answer.attempt != job.attempt:
            return
        began = answer.frames > 0 and not row.told_started
        if (answer.frames or not answer.last) and not row.commit(answer.slot, answer.start, answer.frames):
            job.revoked = True
            self._state.revoke("tts", row.key)
            self._retry(row, "the voice lost a part of it on the way", counts_as_failure=True, permanent=False)
            return
        job.progress_at = self._state.now
        if began:
            row.told_started = True
            self._state.report(EventName.SPEECH_STARTED, row)
        if answer.frames:
            job.timeline.note(answer.frames / SAMPLE_RATE, self._state.now)
        if not answer.last:
            return
        self._job = None
        sound_seconds = row.frames / SAMPLE_RATE - job.silent_seconds
        self.playout_start.learn(job.timeline, sound_seconds=sound_seconds, expected_seconds=row.expected_seconds)
        self._complete(row)

    def failed(self, answer: WorkFailed) -> None:
        """The worker could not make this sentence; the worker itself is fine."""
        job = self._job
        if job is None or job.attempt != answer.attempt or job.row.key != (answer.session, answer.sentence):
            return
        self._job = None
        if not job.revoked:
            self._retry(job.row, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def released(self, session: str, sentence: int | None) -> None:
        """The worker let go of what it was told to; it is free for the next sentence."""
        job = self._job
        if job and job.revoked and job.row.session == session and sentence in (None, job.row.sentence):
            self._job = None

    def lost(self, reason: str, *, counts_as_failure: bool) -> None:
        """The worker was reaped; ``counts_as_failure``: nobody asked for its end."""
        job, self._job = self._job, None
        if job is not None and not job.revoked:
            self._retry(job.row, reason, counts_as_failure=counts_as_failure, permanent=False)

    def revoke(self, row: Row) -> None:
        """The row has ended: if it is in the worker's hands, the worker is to let go of it."""
        job = self._job
        if job is not None and job.row is row and not job.revoked:
            job.revoked = True
            self._state.revoke("tts", row.key)

    def dispatch(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """Give the worker slots, take back what stands in the way, and send the next sentence if it is free.

        Args:
            by_need: the sessions, the one that is to be heard soonest first.
            urgent: the sentences of which one is to be heard next.
        """
        if self._lacks_room(by_need, urgent):
            self._reclaim(by_need, urgent)
        if self._job is not None:
            self._feed(self._job, urgent)
            self._make_way(by_need, urgent)
        elif "tts" in self._state.available:
            row = self._next(by_need, urgent)
            if row is not None:
                self._speak(row, urgent=row.key in urgent)

    def _lacks_room(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> bool:
        """Whether a sentence that may be heard next waits for a slot and there is none."""
        if self._state.slots.free:
            return False
        job = self._job
        if job is not None:
            return not job.revoked and job.row.key in urgent and not job.row.leased
        return any((row := first_open(book.translated)) is not None and row.key in urgent for book in by_need)

    def _reclaim(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """Give up sound of one sentence, the one that would be heard last: it is made again later.

        A session may be held for hours, and what was made of it must not keep the others silent. Other sessions lose
        sound only when none is at the player: what is played frees its slots soon.
        """
        sessions = [book for book in self._state.sessions.values() if book.held]
        if not any(row.serial and row.segments for book in self._state.sessions.values() for row in book.unplayed):
            sessions += reversed(by_need)
        for book in sessions:
            for row in reversed(book.unplayed):
                is_idle = row.stage in (Stage.TRANSLATED, Stage.SPOKEN) and row.serial == 0
                if (
                    row.outcome is None
                    and row.segments
                    and is_idle
                    and row.key not in urgent
                    and not row.give_up_reason
                ):
                    self._state.free(row.key, row.drop_unplayed())
                    if row.stage is Stage.SPOKEN:
                        self._wait_again(row)
                    return

    def _next(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> Row | None:
        heads = [(book, row) for book in by_need if (row := first_open(book.translated)) is not None]
        for book, row in heads:
            if row.key in urgent and self._state.slots.available(urgent=True):
                book.translated.popleft()
                return row
        for book, row in heads:
            if self._state.slots.available(urgent=False) >= min(_slots_for(row), LEASE_AHEAD):
                book.translated.popleft()
                return row
        return None

    def _speak(self, row: Row, *, urgent: bool) -> None:
        row.move(Stage.SPEAKING)
        row.attempt += 1
        row.leased = self._state.slots.lease(_slots_for(row), urgent=urgent)
        row.used_of_slot = 0
        book = self._state.sessions[row.session]
        book.ahead += 1
        lead_seconds, pause_seconds = pauses(row, book.options)
        now = self._state.now
        row.expected_seconds = estimate(row.text, row.language).typical / book.options.speed
        row.timeline = ChunkTimeline(began=now, ready=row.frames / SAMPLE_RATE, lead=lead_seconds)
        self._job = _Job(row, row.attempt, now, now, row.timeline, silent_seconds=lead_seconds + pause_seconds)
        self._state.send(
            "tts",
            Speak(
                session=row.session,
                sentence=row.sentence,
                attempt=row.attempt,
                text=row.text,
                language=row.language,
                voice=book.options.voice,
                speed=book.options.speed,
                # The same words always sound the same: what was begun can be continued by another process.
                seed=zlib.crc32(row.text.encode()),
                any_engine=book.options.tts == AUTO,
                lead_seconds=lead_seconds,
                pause_seconds=pause_seconds,
                skip_frames=row.frames,
                slots=list(row.leased),
            ),
        )

    def _feed(self, job: _Job, urgent: AbstractSet[Key]) -> None:
        if job.revoked:
            return
        unused = len(job.row.unused_slots())
        if unused < LEASE_AHEAD:
            slots = self._state.slots.lease(LEASE_AHEAD - unused, urgent=job.row.key in urgent)
            if slots:
                job.row.leased.extend(slots)
                self._state.send(
                    "tts",
                    Lease(session=job.row.session, sentence=job.row.sentence, attempt=job.attempt, slots=slots),
                )
        has_room = bool(job.row.leased)
        now = self._state.now
        if has_room and job.starving_since is not None:
            job.timeline.starved += now - job.starving_since
            job.timeline.is_starved = False
            job.starving_since = None
            job.progress_at = now
        elif not has_room and job.starving_since is None:
            job.starving_since = now
            job.timeline.is_starved = True

    def _make_way(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """A sentence that has no slot left must not keep the one that is to be heard next from being made."""
        job = self._job
        if job is None or job.revoked or job.starving_since is None or job.row.key in urgent:
            return
        if any((row := first_open(book.translated)) is not None and row.key in urgent for book in by_need):
            job.revoked = True
            self._state.revoke("tts", job.row.key, job.row.drop_lease())
            self._wait_again(job.row)

    def _retry(self, row: Row, reason: str, *, counts_as_failure: bool, permanent: bool) -> None:
        self._state.free(row.key, row.drop_lease())
        if counts_as_failure:
            row.attempts += 1
        if not (permanent or row.attempts >= MAX_ATTEMPTS):
            self._wait_again(row)
        elif row.serial or row.frames:
            # Some of it may have been heard: play what there is, then say that the rest is missing.
            row.give_up_reason = reason
            self._complete(row)
        else:
            self._state.end(row, Outcome.SKIPPED, stage="tts", reason=reason)

    def _wait_again(self, row: Row) -> None:
        row.move(Stage.TRANSLATED)
        book = self._state.sessions[row.session]
        book.ahead -= 1
        put_in_order(book.translated, row)

    def _complete(self, row: Row) -> None:
        row.move(Stage.SPOKEN)
        self._state.free(row.key, row.drop_lease())
        if not (row.give_up_reason or row.told_finished):
            row.told_finished = True
            self._state.report(EventName.SPEECH_FINISHED, row, frames=row.frames, sample_rate=SAMPLE_RATE)


def pauses(row: Row, options: SessionOptions) -> tuple[float, float]:
    """Seconds of quiet before and after a sentence; a voice that speaks faster pauses for less."""
    after = options.paragraph_pause_seconds if row.closes or row.is_announcement else options.sentence_pause_seconds
    missing = options.paragraph_pause_seconds - options.sentence_pause_seconds
    before = max(0.0, missing) if row.opens_late else 0.0
    return before / options.speed, after / options.speed


def _slots_for(row: Row) -> int:
    frames = len(row.text) * SECONDS_PER_CHARACTER * SAMPLE_RATE
    return min(MAX_FIRST_LEASE, math.ceil(frames / SLOT_FRAMES) + 1)
