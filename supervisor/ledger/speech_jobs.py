"""Jobs of the tts workers: the sentences that each of them has, one at a time or as many as its engine batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import Key, LedgerState


class SpeechJob(Record, eq=False):
    """One sentence at a tts worker."""

    worker: WorkerId
    row: Row
    attempt: int
    since: float
    progress_at: float
    """Time of the last written audio or the last new slot, in seconds of the monotonic clock."""
    timeline: ChunkTimeline
    silent_seconds: float
    """Silence before and after the sentence, in seconds."""
    starving_since: float | None = None
    revoked: bool = False


class SpeechJobs:
    """All jobs, by worker in the order in which they were sent."""

    def __init__(self, state: LedgerState) -> None:
        self._state: Final = state
        self._jobs: Final[dict[WorkerId, list[SpeechJob]]] = {}

    def __iter__(self) -> Iterator[SpeechJob]:
        for jobs in self._jobs.values():
            yield from jobs

    def of(self, worker: WorkerId) -> list[SpeechJob]:
        """Return the jobs of a worker."""
        return self._jobs.get(worker, [])

    def get(self, worker: WorkerId, key: Key) -> SpeechJob | None:
        """Return the job of a sentence at a worker."""
        return next((job for job in self.of(worker) if job.row.key == key), None)

    def add(self, job: SpeechJob) -> None:
        """Add a job; the worker has none of the same sentence."""
        self._jobs.setdefault(job.worker, []).append(job)

    def remove(self, job: SpeechJob) -> None:
        """Remove a job."""
        jobs = self._jobs[job.worker]
        jobs.remove(job)
        if not jobs:
            del self._jobs[job.worker]

    def remove_all(self, worker: WorkerId) -> list[SpeechJob]:
        """Remove the jobs of a worker, and return them."""
        return self._jobs.pop(worker, [])

    def has_room(self, worker: WorkerId) -> bool:
        """Return whether a worker takes a further sentence; one that lost a worker before has it for itself."""
        jobs = self.of(worker)
        return len(jobs) < self._state.batch_sizes.get(worker, 1) and not any(job.row.attempts for job in jobs)

    def may_join(self, worker: WorkerId, row: Row) -> bool:
        """Return whether a worker takes a sentence now.

        One that lost a worker before goes alone, so that others are not lost with it, and one that the worker has
        still to release waits for that.
        """
        if not self.has_room(worker) or self.get(worker, row.key) is not None:
            return False
        return not (row.attempts and self.of(worker))

    def busy_since(self, worker: WorkerId, key: Key | None = None) -> float | None:
        """Return the time at which a sentence was sent to a worker; None: it has no such sentence.

        Args:
            worker: the worker.
            key: the sentence; None: its oldest one.
        """
        return next((job.since for job in self.of(worker) if key in (None, job.row.key)), None)

    def stalled_since(self, worker: WorkerId) -> float | None:
        """Return the time since which a worker makes no progress with a sentence though it could; None: there is none.

        A sentence without a slot waits for playback.
        """
        return min((job.progress_at for job in self.of(worker) if job.starving_since is None), default=None)

    def characters(self, worker: WorkerId) -> int:
        """Return the length of a worker's sentences, in characters."""
        return sum(len(job.row.text) for job in self.of(worker))
