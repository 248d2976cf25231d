"""The tts worker: streaming synthesis of sentences into the audio pool."""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.config.engine_settings import AUTO
from voicestream.engines.synthesizer import as_batch
from voicestream.errors import (
    ConfigurationError,
    EngineUnavailableError,
    UnusableSoundError,
    UsageError,
    VoicestreamError,
)
from voicestream.protocol.audio_pool import AudioPool
from voicestream.protocol.messages import (
    AudioWritten,
    Cancel,
    Cancelled,
    Drain,
    EngineNotice,
    Lease,
    Loading,
    Ready,
    Speak,
    Stop,
    WorkFailed,
)
from voicestream.workers import engine_loading, local_fallback
from voicestream.workers.harness import JobWorker
from voicestream.workers.local_fallback import NO_ANSWER, LocalFallback
from voicestream.workers.tts import rendering
from voicestream.workers.tts.rendering import PART_PAUSE_SECONDS, Utterance
from voicestream.workers.tts.slot_writer import SlotWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.protocol.messages import ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.tts.batch_speaking import BatchSpeaking
    from voicestream.workers.tts.slot_writer import Written

_log = logging.getLogger(__name__)


_TEXT_ERRORS: Final = (VoicestreamError, OSError, RuntimeError, ValueError)
"""Errors for one text; any other exception is a defect."""

_PERMANENT_ERRORS: Final = (UsageError, ConfigurationError, UnusableSoundError)
"""Errors that are not retried."""

MAX_SENTENCES: Final = 8
"""Sentences that the worker takes at once from an engine that batches: the one that is played, and those ahead."""

KEPT_SENTENCES: Final = 256
"""More than can be begun and unfinished at one time."""


class _AbandonedError(Exception):
    """The current sentence was cancelled, or the process is stopping."""


class TtsWorker(JobWorker):
    """Worker around one synthesizer."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        if assignment.pool is None:
            raise ValueError("a tts worker needs the audio pool")
        self._name = assignment.engine
        self._language = assignment.language
        self._connection = connection
        self._pool = AudioPool(assignment.pool)
        self._synthesizer: Synthesizer | None = None
        self._fallback: Synthesizer | None = None
        """Fallback for languages that ``auto``'s choice does not speak; loaded on first use."""
        self._local: LocalFallback[Synthesizer] = LocalFallback(lambda text: connection.send(EngineNotice(text=text)))
        self._spoken_locally: collections.deque[tuple[str, int]] = collections.deque(maxlen=KEPT_SENTENCES)
        """The last sentences that a local engine spoke instead."""
        self._ready: Ready | None = None
        """Last Ready message."""
        self._batch: BatchSpeaking | None = None
        """The sentences under way, if the engine batches."""
        self._deferred: collections.deque[ToWorker] = collections.deque()
        """Messages that arrived while a sentence waited for slots."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Load the engine."""
        notes: list[str] = []
        self._synthesizer = engine_loading.load_synthesizer(self._name, report, notes.append, self._language)
        rendering.prepare(self._synthesizer)
        if as_batch(self._synthesizer) is not None:
            # Imported here, because it would slow down the start of every worker.
            from voicestream.workers.tts.batch_speaking import BatchSpeaking

            self._batch = BatchSpeaking(self._send_written, self._end)
        self._ready = Ready(
            engine=self._synthesizer.name,
            device=self._synthesizer.device,
            note="".join(notes),
            batch_size=self._batch_size(),
        )
        return self._ready

    def handle(self, message: ToWorker) -> None:
        """Process a message, and those that arrived meanwhile."""
        if self._batch is not None:
            self._handle_together(self._batch, message)
            return
        self._deferred.append(message)
        while self._deferred:
            self._handle(self._deferred.popleft())

    def close(self) -> None:
        """Close the engines."""
        for synthesizer in (self._synthesizer, self._fallback):
            if synthesizer is not None:
                synthesizer.close()
        self._local.close()

    def _handle(self, message: ToWorker) -> None:
        match message:
            case Speak():
                self._speak(message)
            case Cancel():
                self._connection.forget_cancelled(message.session, message.sentence)
                self._connection.send(Cancelled(session=message.session, sentence=message.sentence))
            case Lease():
                pass  # for a finished sentence, whose slots the supervisor reclaims
            case _:
                _log.warning("ignored a %s: not for tts", type(message).__name__)

    def _handle_together(self, batch: BatchSpeaking, message: ToWorker | None) -> None:
        """Process a message, and speak until no sentence is left; messages are processed between two steps."""
        while not self._connection.stopping.is_set():
            if message is not None:
                self._handle_between_steps(batch, message)
            elif batch.can_compute:
                batch.step()
                self._report_batch_size()
            if not len(batch):
                return
            # Without anything to compute, all sentences wait for slots.
            message = self._connection.receive(0 if batch.can_compute else None)

    def _handle_between_steps(self, batch: BatchSpeaking, message: ToWorker) -> None:
        match message:
            case Speak():
                synthesizer = self._synthesizer_for(message)
                if synthesizer.supports(message.language):
                    writer = SlotWriter(self._pool, message.slots, message.skip_frames)
                    batch.add(synthesizer, self._utterance(synthesizer, message), message, writer)
                else:
                    self._fail_unsupported(synthesizer, message)
            case Lease():
                batch.lease(message)
            case Cancel():
                batch.cancel(message.session, message.sentence)
                self._handle(message)
            case Drain() | Stop():
                pass  # the harness reads their flags
            case _:
                self._handle(message)

    def _speak(self, job: Speak) -> None:
        synthesizer = self._synthesizer_for(job)
        if not synthesizer.supports(job.language):
            self._fail_unsupported(synthesizer, job)
            return
        try:
            self._synthesize(synthesizer, job)
        except _AbandonedError:
            return
        except Exception as error:  # noqa: BLE001 - raised again if it is a defect
            self._end(job, error)
        else:
            self._end(job, None)

    def _end(self, job: Speak, error: Exception | None) -> None:
        """Report that all of a sentence is written, or that it failed.

        Raises:
            Exception: the error is a defect, not one of a text; it ends the process.
        """
        if error is None:
            self._connection.send(self._audio_written(job, slot=0, start=0, frames=0, last=True))
            return
        if not isinstance(error, _TEXT_ERRORS):
            raise error
        _log.error("session=%s sentence=%d failed", job.session, job.sentence, exc_info=error)
        if isinstance(error, VoicestreamError):
            self._fail(job, error.for_people(), permanent=isinstance(error, _PERMANENT_ERRORS))
        else:
            self._fail(job, f"{type(error).__name__}: {error}", permanent=False)

    def _synthesize(self, synthesizer: Synthesizer, job: Speak) -> None:
        """Write the sound of a sentence; a local engine does it if the hosts of this one do not answer.

        A sentence of which something was written never changes its voice.
        """
        writer = SlotWriter(self._pool, job.slots, job.skip_frames)
        key = job.session, job.sentence
        if writer.has_begun and key in self._spoken_locally:
            self._render(self._local_engine(job, EngineUnavailableError(NO_ANSWER)), job, writer)
            return
        try:
            local_fallback.check(synthesizer)
            self._render(synthesizer, job, writer)
        except EngineUnavailableError as error:
            if writer.has_begun:
                raise UnusableSoundError(f"the rest of the sentence was not received: {error}") from error
            local = self._local_engine(job, error)
            self._report_device(f"{local.device} ({local.name} instead)")
            self._spoken_locally.append(key)
            self._render(local, job, writer)
        else:
            self._local.worked(synthesizer)
            if synthesizer is self._synthesizer:
                self._report_device(synthesizer.device)

    def _local_engine(self, job: Speak, error: EngineUnavailableError) -> Synthesizer:
        return self._local.take_over(job.language, error, lambda: self._load_local(job.language))

    def _render(self, synthesizer: Synthesizer, job: Speak, writer: SlotWriter) -> None:
        for samples in self._samples(synthesizer, job):
            self._write(job, writer, samples)

    def _load_local(self, language: str) -> Synthesizer:
        def report(stage: str, progress: float | None) -> None:
            self._connection.send(Loading(stage=stage, progress=progress))

        base = language.partition("-")[0].lower()
        engine = engine_loading.load_synthesizer(AUTO, report, _log.info, base)
        rendering.prepare(engine)
        return engine

    def _report_device(self, device: str) -> None:
        """Report a change of the device: another host, or a local engine."""
        if self._ready is not None and self._ready.device != device:
            self._ready = msgspec.structs.replace(self._ready, device=device)
            self._connection.send(self._ready)

    def _batch_size(self) -> int:
        """Return the number of sentences that the worker takes at once."""
        batching = as_batch(self._synthesizer) if self._synthesizer is not None else None
        return 1 if batching is None else max(1, min(MAX_SENTENCES, batching.max_streams))

    def _report_batch_size(self) -> None:
        """Report that the engine takes more or fewer sentences, as after an out-of-memory error."""
        size = self._batch_size()
        if self._ready is not None and self._ready.batch_size != size:
            self._ready = msgspec.structs.replace(self._ready, batch_size=size)
            self._connection.send(self._ready)

    def _synthesizer_for(self, job: Speak) -> Synthesizer:
        """Return the engine of a job; with ``auto``, the fallback if it does not speak the language."""
        synthesizer = self._synthesizer
        assert synthesizer is not None  # noqa: S101 - load() comes before the first handle()
        if not job.any_engine or synthesizer.supports(job.language):
            return synthesizer
        if self._fallback is None:
            fallback = engine_loading.built_in_voice(job.language)
            if fallback in ("", synthesizer.name):
                return synthesizer
            _log.warning("%s does not speak %s: falling back to %s", synthesizer.name, job.language, fallback)
            self._fallback = engine_loading.load_synthesizer(fallback, _ignore_progress)
        return self._fallback

    def _samples(self, synthesizer: Synthesizer, job: Speak) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of a sentence at the rate of the pool."""
        utterance = self._utterance(synthesizer, job)
        yield from rendering.samples(synthesizer, utterance, lambda: self._check_cancelled(job))

    def _utterance(self, synthesizer: Synthesizer, job: Speak) -> Utterance:
        return Utterance(
            text=job.text,
            language=job.language,
            # The voice belongs to the first engine.
            voice=job.voice if synthesizer is self._synthesizer else "",
            seed=job.seed,
            speed=job.speed,
            pause_seconds=job.pause_seconds,
            part_pause_seconds=min(PART_PAUSE_SECONDS, job.pause_seconds),
            lead_seconds=job.lead_seconds,
            name=f"session={job.session} sentence={job.sentence}",
        )

    def _write(self, job: Speak, writer: SlotWriter, samples: NDArray[np.float32]) -> None:
        remaining = writer.skip(samples)
        while len(remaining):
            self._check_cancelled(job)
            if writer.needs_slot:
                self._wait_for_slots(job, writer)
                continue
            written, remaining = writer.write(remaining)
            self._send_written(job, written)

    def _wait_for_slots(self, job: Speak, writer: SlotWriter) -> None:
        message = self._connection.receive()
        match message:
            case Lease(session=job.session, sentence=job.sentence, attempt=job.attempt):
                writer.add(message.slots)
            case None:
                pass
            case _:
                self._deferred.append(message)

    def _check_cancelled(self, job: Speak) -> None:
        if self._connection.stopping.is_set() or self._connection.is_cancelled(job.session, job.sentence):
            raise _AbandonedError

    def _send_written(self, job: Speak, written: Written) -> None:
        self._connection.send(
            self._audio_written(job, slot=written.slot, start=written.start, frames=written.frames, last=False)
        )

    def _audio_written(self, job: Speak, *, slot: int, start: int, frames: int, last: bool) -> AudioWritten:
        return AudioWritten(
            session=job.session,
            sentence=job.sentence,
            attempt=job.attempt,
            slot=slot,
            start=start,
            frames=frames,
            last=last,
        )

    def _fail_unsupported(self, synthesizer: Synthesizer, job: Speak) -> None:
        self._fail(job, f"{synthesizer.name} does not speak {job.language}", permanent=True)

    def _fail(self, job: Speak, reason: str, *, permanent: bool) -> None:
        self._connection.send(
            WorkFailed(
                session=job.session, sentence=job.sentence, attempt=job.attempt, reason=reason, permanent=permanent
            )
        )


def _ignore_progress(_stage: str, _progress: float | None) -> None:
    """Ignore the progress of a quick load."""
