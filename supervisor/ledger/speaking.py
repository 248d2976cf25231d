"""Synthesis stage of the ledger: selection of the sentences for each tts worker, and the slots it writes to."""

from __future__ import annotations

import collections
import math
import zlib
from typing import TYPE_CHECKING, Final

from voicestream.config.speech_duration import estimate
from voicestream.protocol.audio_pool import SAMPLE_RATE, SLOT_FRAMES
from voicestream.protocol.messages import EventName, Lease, Speak
from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline
from voicestream.supervisor.ledger.playout_start import PlayoutStart
from voicestream.supervisor.ledger.sentences import Outcome, Stage
from voicestream.supervisor.ledger.speech_jobs import SpeechJob, SpeechJobs
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, first_open

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.messages import AudioWritten, WorkFailed
    from voicestream.supervisor.ledger.commands import VoiceRoute, WorkerId
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import Key, LedgerState, SessionState

LEASE_AHEAD: Final = 4
"""Unwritten slots of a tts worker, 2 s of audio: a request for more is answered long before it needs the next one."""

MAX_FIRST_LEASE: Final = 32
"""Upper bound of the slots leased with a job; the rest follows during synthesis."""

SECONDS_PER_CHARACTER: Final = 0.08
"""Estimated duration, for the first lease only (English at 175 words per minute: 0.07)."""


FIRST_SOUND_SECONDS: Final = 0.3
"""Seconds for which all else on its GPU waits for the first audio of a voice.

A fast voice takes a tenth of that; a slower one is worth no more delay.
"""


class Speaking:
    """Sentences at the tts workers, and selection of the next."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self.jobs: Final = SpeechJobs(state)
        self._playout_starts: dict[WorkerId, PlayoutStart] = {}

    def playout_start_of(self, row: Row) -> PlayoutStart:
        """Return the playout start learned from the sentences of the row's worker."""
        if row.voice is None:
            raise AssertionError(f"{row.key} has no voice")
        return self._playout_starts.setdefault(row.voice.worker, PlayoutStart())

    def gpus_in_demand(self, urgent: AbstractSet[Key]) -> AbstractSet[str]:
        """Return the GPUs that synthesize the first audio of a sentence that may be played next.

        Args:
            urgent: as for ``dispatch``.
        """
        return {
            self._state.gpu_of(job.worker)
            for job in self.jobs
            if not job.row.frames and job.row.key in urgent and self._state.now < job.since + FIRST_SOUND_SECONDS
        }

    def written(self, worker: WorkerId, answer: AudioWritten) -> None:
        """Record committed samples; a stale message is ignored.

        A gap or an overlap after the last message of the same job makes the worker's further output unusable: the rest
        of the sentence is synthesized again.
        """
        job = self.jobs.get(worker, (answer.session, answer.sentence))
        if job is None or job.revoked or answer.attempt != job.attempt:
            return
        row = job.row
        began = answer.frames > 0 and not row.told_started
        if (answer.frames or not answer.last) and not row.commit(answer.slot, answer.start, answer.frames):
            job.revoked = True
            self._state.revoke(worker, row.key)
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
        self.jobs.remove(job)
        sound_seconds = row.frames / SAMPLE_RATE - job.silent_seconds
        playout_start = self.playout_start_of(row)
        playout_start.learn(job.timeline, sound_seconds=sound_seconds, expected_seconds=row.expected_seconds)
        self._complete(row)

    def failed(self, worker: WorkerId, answer: WorkFailed) -> None:
        """Handle a sentence that the worker could not synthesize; the worker itself is intact."""
        job = self.jobs.get(worker, (answer.session, answer.sentence))
        if job is None or job.attempt != answer.attempt:
            return
        self.jobs.remove(job)
        if not job.revoked:
            self._retry(job.row, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def released(self, worker: WorkerId, session: str, sentence: int | None) -> None:
        """Handle the release of a revoked sentence; the worker is free for the next one."""
        for job in list(self.jobs.of(worker)):
            if job.revoked and job.row.session == session and sentence in (None, job.row.sentence):
                self.jobs.remove(job)

    def lost(self, worker: WorkerId, reason: str, *, counts_as_failure: bool) -> None:
        """Handle the loss of the worker; ``counts_as_failure``: the end was not requested."""
        for job in self.jobs.remove_all(worker):
            if not job.revoked:
                self._retry(job.row, reason, counts_as_failure=counts_as_failure, permanent=False)

    def forget(self, worker: WorkerId) -> None:
        """Forget a lost worker that will not be restarted."""
        self._playout_starts.pop(worker, None)

    def revoke(self, row: Row) -> None:
        """Revoke an ended row if a worker holds it."""
        for job in self.jobs:
            if job.row is row and not job.revoked:
                job.revoked = True
                self._state.revoke(job.worker, row.key)

    def start_over(self, row: Row) -> bool:
        """Set a row that the player does not hold to its first frame; False if its voice was given up.

        Its audio is kept if all of it is still there, and otherwise synthesized again.
        """
        if row.give_up_reason:
            return False
        row.sent_frames = 0
        if row.segments and row.segments[0].at == 0:
            row.played_frames = 0
            return True
        for job in self.jobs:
            if job.row is row and not job.revoked:
                self._take_from_worker(job)
        row.played_frames = 0
        self._state.free(row.key, row.drop_unplayed())
        if row.stage is Stage.SPOKEN:
            self._wait_again(row)
        return True

    def change_voice(self, session: SessionState, language: str, voice: VoiceRoute, reason: str) -> None:
        """Route sentences of a language that wait for another voice, or for a choice, to a voice.

        A sentence never changes its voice: unplayed audio is synthesized again. The rest of a sentence that is being
        played is given up, with ``reason``.
        """
        for worker in [one for one in session.translated if one != voice.worker]:
            waiting = session.translated.pop(worker)
            for row in waiting:
                if row.outcome is not None:
                    continue
                if row.language != language:
                    session.waiting_for_voice(worker).append(row)
                elif row.serial or row.played_frames:
                    session.ahead += 1
                    row.give_up_reason = reason
                    self._complete(row)
                else:
                    self._state.free(row.key, row.drop_unplayed())
                    row.voice = voice
                    row.attempts = 0
                    self._state.await_speech(row)

    def dispatch(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """Lease slots, revoke jobs that hold needed slots, and send each worker with room its next sentences.

        Args:
            by_need: the sessions in the order of playback.
            urgent: the sentences that may be played next.
        """
        if self._lacks_room(by_need, urgent) and not self._reclaim(by_need, urgent):
            self._revoke_last(by_need, urgent)
        for job in sorted(self.jobs, key=lambda job: job.row.key not in urgent):
            self._feed(job, urgent)
            self._make_way(job, by_need, urgent)
        free = [one for one in self._state.available if one.role == "tts" and self.jobs.has_room(one)]
        # The sentence to be played next gets its slots first.
        for worker in sorted(free, key=lambda one: (not _has_urgent_head(one, by_need, urgent), one)):
            while (row := self._next(worker, by_need, urgent)) is not None:
                self._speak(worker, row, urgent=row.key in urgent)

    def _lacks_room(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> bool:
        """Return whether a sentence that may be played next waits for a slot and none is free."""
        if self._state.slots.free:
            return False
        jobs = self.jobs
        if any(not job.revoked and job.row.key in urgent and not job.row.leased for job in jobs):
            return True
        waiting = {worker for session in by_need for worker in session.translated if worker is not None}
        return any(self.jobs.has_room(one) and _has_urgent_head(one, by_need, urgent) for one in waiting)

    def _reclaim(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> bool:
        """Drop the audio of the sentence that would be played last; it is synthesized again later.

        A session may be paused for hours, and its audio must not block the others. Other sessions lose audio only when
        the player holds none, because playback soon frees slots.
        """
        for session in self._sessions_to_take_from(by_need):
            for row in reversed(session.unplayed):
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
                    return True
        return False

    def _revoke_last(self, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """Revoke the job that would be played last, if workers hold all the slots that the next sentence needs."""
        if self._state.is_release_pending:
            return
        order = [session.session for session in self._sessions_to_take_from(by_need)]
        jobs = [
            job
            for job in self.jobs
            if not job.revoked and job.row.session in order and job.row.key not in urgent and job.row.held_slots()
        ]
        if jobs:
            last = min(jobs, key=lambda job: (order.index(job.row.session), -job.row.sentence))
            self._take_from_worker(last)

    def _sessions_to_take_from(self, by_need: list[SessionState]) -> list[SessionState]:
        """Return the sessions whose audio may be dropped; the one to be played last comes first."""
        held = [session for session in self._state.sessions.values() if session.held]
        sessions = self._state.sessions.values()
        if any(row.serial and row.segments for session in sessions for row in session.unplayed):
            return held
        return [*held, *reversed(by_need)]

    def _next(self, worker: WorkerId, by_need: list[SessionState], urgent: AbstractSet[Key]) -> Row | None:
        """Take the next sentence for a worker from its queue; None: nothing waits, or there is no room or slot for it.

        A worker that has sentences already gets another one only if all its slots are free.
        """
        heads = [
            (session, row) for session in by_need if (row := first_open(session.waiting_for_voice(worker))) is not None
        ]
        at_worker = collections.Counter(job.row.session for job in self.jobs.of(worker))
        # sorted() is stable: those that are played next, then one of each session in the order of need.
        for session, row in sorted(heads, key=lambda head: (head[1].key not in urgent, at_worker[head[1].session])):
            if not self.jobs.may_join(worker, row):
                return None  # nor does any other join, or this one would wait for ever
            needed = _slots_for(row) if self.jobs.of(worker) else min(_slots_for(row), LEASE_AHEAD)
            is_urgent = row.key in urgent
            if self._state.slots.available(urgent=is_urgent) >= (1 if is_urgent else needed):
                session.waiting_for_voice(worker).popleft()
                return row
        return None

    def _speak(self, worker: WorkerId, row: Row, *, urgent: bool) -> None:
        row.move(Stage.SPEAKING)
        row.attempt += 1
        row.leased = self._state.slots.lease(_slots_for(row), urgent=urgent)
        row.used_of_slot = 0
        session = self._state.sessions[row.session]
        session.ahead += 1
        lead_seconds, pause_seconds = row.pauses(session.options)
        now = self._state.now
        row.expected_seconds = estimate(row.text, row.language).typical / session.options.speed
        row.timeline = ChunkTimeline(began=now, ready=row.frames / SAMPLE_RATE, lead=lead_seconds)
        silent_seconds = lead_seconds + pause_seconds
        self.jobs.add(SpeechJob(worker, row, row.attempt, now, now, row.timeline, silent_seconds=silent_seconds))
        voice = row.voice or session.workers.voice
        self._state.send(
            worker,
            Speak(
                session=row.session,
                sentence=row.sentence,
                attempt=row.attempt,
                text=row.text,
                language=row.language,
                voice=voice.voice,
                speed=session.options.speed,
                # Synthesis is deterministic: another process can continue a sentence.
                seed=zlib.crc32(row.text.encode()),
                any_engine=voice.any_engine,
                lead_seconds=lead_seconds,
                pause_seconds=pause_seconds,
                skip_frames=row.frames,
                slots=list(row.leased),
            ),
        )

    def _feed(self, job: SpeechJob, urgent: AbstractSet[Key]) -> None:
        if job.revoked:
            return
        unused = len(job.row.unused_slots())
        if unused < LEASE_AHEAD:
            slots = self._state.slots.lease(LEASE_AHEAD - unused, urgent=job.row.key in urgent)
            if slots:
                job.row.leased.extend(slots)
                self._state.send(
                    job.worker,
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

    def _make_way(self, job: SpeechJob, by_need: list[SessionState], urgent: AbstractSet[Key]) -> None:
        """Revoke a sentence without a free slot if it blocks the one to be played next."""
        if job.revoked or job.starving_since is None or job.row.key in urgent:
            return
        heads = (first_open(session.waiting_for_voice(job.worker)) for session in by_need)
        if any(row and row.key in urgent and not self.jobs.may_join(job.worker, row) for row in heads):
            self._take_from_worker(job)

    def _take_from_worker(self, job: SpeechJob) -> None:
        job.revoked = True
        self._state.revoke(job.worker, job.row.key, job.row.drop_lease())
        self._wait_again(job.row)

    def _retry(self, row: Row, reason: str, *, counts_as_failure: bool, permanent: bool) -> None:
        self._state.free(row.key, row.drop_lease())
        if counts_as_failure:
            row.attempts += 1
        if not (permanent or row.attempts >= MAX_ATTEMPTS):
            self._wait_again(row)
        elif row.serial or row.frames:
            # Some of it may have been played: play the available audio, then report the rest as missing.
            row.give_up_reason = reason
            self._complete(row)
        else:
            self._state.end(row, Outcome.SKIPPED, stage="tts", reason=reason)

    def _wait_again(self, row: Row) -> None:
        row.move(Stage.TRANSLATED)
        self._state.sessions[row.session].ahead -= 1
        self._state.await_speech(row)

    def _complete(self, row: Row) -> None:
        row.move(Stage.SPOKEN)
        self._state.free(row.key, row.drop_lease())
        if not (row.give_up_reason or row.told_finished):
            row.told_finished = True
            self._state.report(EventName.SPEECH_FINISHED, row, frames=row.frames, sample_rate=SAMPLE_RATE)


def _has_urgent_head(worker: WorkerId, by_need: list[SessionState], urgent: AbstractSet[Key]) -> bool:
    """Return whether a sentence that may be played next is the next of a worker."""
    heads = (first_open(session.translated[worker]) for session in by_need if worker in session.translated)
    return any(row is not None and row.key in urgent for row in heads)


def _slots_for(row: Row) -> int:
    frames = len(row.text) * SECONDS_PER_CHARACTER * SAMPLE_RATE
    return min(MAX_FIRST_LEASE, math.ceil(frames / SLOT_FRAMES) + 1)
