"""The tts worker: a sentence in, samples into the audio pool while they are being made."""

from __future__ import annotations

import collections
import importlib
import logging
from typing import TYPE_CHECKING, Final

from voicestream.errors import (
    ConfigurationError,
    EngineNotReadyError,
    UnusableSoundError,
    UsageError,
    VoicestreamError,
)
from voicestream.protocol.audio_pool import AudioPool
from voicestream.protocol.messages import AudioWritten, Cancel, Cancelled, Lease, Ready, Speak, WorkFailed
from voicestream.workers import engine_loading
from voicestream.workers.harness import JobWorker
from voicestream.workers.text.clauses import divide
from voicestream.workers.tts.resample import PoolRateResampler
from voicestream.workers.tts.slot_writer import SlotWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.protocol.messages import ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment

_log = logging.getLogger(__name__)


BETWEEN_PIECES_SECONDS: Final = 0.12
"""Quiet between the pieces of a sentence that was divided: that of a comma."""

_FOR_GOOD: Final = (UsageError, ConfigurationError, UnusableSoundError)
"""Errors that another trial would only repeat."""


class _LeftError(Exception):
    """The sentence in hand was taken back, or the process is to end."""


class TtsWorker(JobWorker):
    """Runs one synthesizer."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        if assignment.pool is None:
            raise ValueError("a tts worker needs the audio pool")
        self._name = assignment.engine
        self._language = assignment.language
        self._connection = connection
        self._pool = AudioPool(assignment.pool)
        self._synthesizer: Synthesizer | None = None
        self._second: Synthesizer | None = None
        """For languages that ours does not speak, where none was named; loaded when the first of them comes."""
        self._later: collections.deque[ToWorker] = collections.deque()
        """What arrived while a sentence waited for slots."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Load the engine."""
        notes: list[str] = []
        self._synthesizer = engine_loading.load_synthesizer(self._name, report, notes.append, self._language)
        # Made once here, so that its library is imported before the first sentence waits for it.
        PoolRateResampler(self._synthesizer.sample_rate)
        if self._synthesizer.needs_normalized_text:
            _prepare_words(self._synthesizer.name)
        if self._synthesizer.needs_postprocessing:
            importlib.import_module("voicestream.workers.tts.postprocessing.postprocess")
        return Ready(engine=self._synthesizer.name, device=self._synthesizer.device, note="".join(notes))

    def handle(self, message: ToWorker) -> None:
        """One sentence, and what arrived in the meantime."""
        self._later.append(message)
        while self._later:
            self._handle(self._later.popleft())

    def close(self) -> None:
        """End the engines."""
        for synthesizer in (self._synthesizer, self._second):
            if synthesizer is not None:
                synthesizer.close()

    def _handle(self, message: ToWorker) -> None:
        match message:
            case Speak():
                self._speak(message)
            case Cancel():
                self._connection.forget_cancelled(message.session, message.sentence)
                self._connection.send(Cancelled(session=message.session, sentence=message.sentence))
            case Lease():
                pass  # for a sentence that is finished by now; the supervisor takes the slots back by itself
            case _:
                _log.warning("left out a %s: not for tts", type(message).__name__)

    def _speak(self, job: Speak) -> None:
        synthesizer = self._synthesizer_for(job)
        if not synthesizer.supports(job.language):
            self._fail(job, f"{synthesizer.name} does not speak {job.language}", permanent=True)
            return
        writer = SlotWriter(self._pool, job.slots, job.skip_frames)
        try:
            for samples in self._samples(synthesizer, job):
                self._write(job, writer, samples)
        except _LeftError:
            return
        except VoicestreamError as error:
            _log.exception("session=%s sentence=%d failed", job.session, job.sentence)
            self._fail(job, error.for_people(), permanent=isinstance(error, _FOR_GOOD))
            return
        except (OSError, RuntimeError, ValueError) as error:
            # What a library says about one text; anything else is a defect and ends the process.
            _log.exception("session=%s sentence=%d failed", job.session, job.sentence)
            self._fail(job, f"{type(error).__name__}: {error}", permanent=False)
            return
        self._connection.send(self._written(job, slot=0, start=0, frames=0, last=True))

    def _synthesizer_for(self, job: Speak) -> Synthesizer:
        """The engine; where none was named and it does not speak the language, the one that speaks most."""
        synthesizer = self._synthesizer
        assert synthesizer is not None  # noqa: S101 - load() comes before the first handle()
        if not job.any_engine or synthesizer.supports(job.language):
            return synthesizer
        if self._second is None:
            second = engine_loading.built_in_voice(job.language)
            if second in ("", synthesizer.name):
                return synthesizer
            _log.warning("%s does not speak %s: %s does", synthesizer.name, job.language, second)
            self._second = engine_loading.load_synthesizer(second, _tell_nobody)
        return self._second

    def _samples(self, synthesizer: Synthesizer, job: Speak) -> Iterator[NDArray[np.float32]]:
        """The sentence at the pool's rate, chunk by chunk."""
        rate = synthesizer.sample_rate
        resampler = PoolRateResampler(rate)
        lead = silence(job.lead_seconds, rate)
        text = _words(job.text, job.language) if synthesizer.needs_normalized_text else job.text
        # Here and not in the parser: a translation may be longer than what it translates, and words than a number.
        pieces = divide(text, synthesizer.max_characters(job.language))
        for number, piece in enumerate(pieces, start=1):
            pause = job.pause_seconds if number == len(pieces) else min(BETWEEN_PIECES_SECONDS, job.pause_seconds)
            for chunk in self._sound(synthesizer, job, piece, pause):
                self._check(job)
                if len(chunk):
                    # Not before the first sound: how long that takes says how fast the voice is.
                    yield resampler.feed(lead)
                    lead = lead[:0]
                    yield resampler.feed(chunk)
        yield resampler.end()

    def _sound(
        self, synthesizer: Synthesizer, job: Speak, text: str, pause_seconds: float
    ) -> Iterator[NDArray[np.float32]]:
        """What is heard of one piece, and the quiet after it."""
        # A voice was chosen for the one engine, and the other does not know it.
        voice = "" if synthesizer is self._second else job.voice

        def make(seed: int) -> Iterator[NDArray[np.float32]]:
            return synthesizer.synthesize(text, job.language, voice, seed, speed=job.speed)

        if not synthesizer.needs_postprocessing:
            is_heard = False
            for chunk in make(job.seed):
                is_heard = is_heard or len(chunk) > 0
                yield chunk
            if is_heard:
                yield silence(pause_seconds, synthesizer.sample_rate)
            return
        from voicestream.workers.text.duration_bounds import Limits
        from voicestream.workers.tts.postprocessing.postprocess import shaped

        yield from shaped(
            make,
            job.seed,
            sample_rate=synthesizer.sample_rate,
            limits=Limits.of(text, job.language, job.speed),
            pause_seconds=pause_seconds,
            tell=lambda what: _log.warning("session=%s sentence=%d %s", job.session, job.sentence, what),
        )

    def _write(self, job: Speak, writer: SlotWriter, samples: NDArray[np.float32]) -> None:
        left = writer.skip(samples)
        while len(left):
            self._check(job)
            if writer.needs_slot:
                self._wait_for_slots(job, writer)
                continue
            written, left = writer.write(left)
            self._connection.send(
                self._written(job, slot=written.slot, start=written.start, frames=written.frames, last=False)
            )

    def _wait_for_slots(self, job: Speak, writer: SlotWriter) -> None:
        message = self._connection.receive()
        match message:
            case Lease(session=job.session, sentence=job.sentence, attempt=job.attempt):
                writer.add(message.slots)
            case None:
                pass
            case _:
                self._later.append(message)

    def _check(self, job: Speak) -> None:
        if self._connection.stopping.is_set() or self._connection.is_cancelled(job.session, job.sentence):
            raise _LeftError

    def _written(self, job: Speak, *, slot: int, start: int, frames: int, last: bool) -> AudioWritten:
        return AudioWritten(
            session=job.session,
            sentence=job.sentence,
            attempt=job.attempt,
            slot=slot,
            start=start,
            frames=frames,
            last=last,
        )

    def _fail(self, job: Speak, reason: str, *, permanent: bool) -> None:
        self._connection.send(
            WorkFailed(
                session=job.session, sentence=job.sentence, attempt=job.attempt, reason=reason, permanent=permanent
            )
        )


def _tell_nobody(_stage: str, _progress: float | None) -> None:
    """It is loaded in the blink of an eye."""


def silence(seconds: float, sample_rate: int) -> NDArray[np.float32]:
    """So much of it."""
    import numpy as np

    return np.zeros(round(seconds * sample_rate), np.float32)


def _prepare_words(engine: str) -> None:
    """Import what the first number would wait for.

    Raises:
        EngineNotReadyError: the package that counts is missing.
    """
    try:
        _words("1", "en")
    except ImportError as error:
        raise EngineNotReadyError(f"{engine} cannot say numbers: {error}", hint="Try: pip install num2words") from error


def _words(text: str, language: str) -> str:
    """The text as words; the module is left alone by engines that need none."""
    from voicestream.workers.tts.normalization.normalize import words

    return words(text, language)
