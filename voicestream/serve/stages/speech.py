"""Speech stage: one voice engine, which streams sentences as 16-bit PCM."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from voicestream import exception_summary
from voicestream.engines import registry
from voicestream.engines.synthesizer import as_batch
from voicestream.errors import UsageError
from voicestream.models.location import root
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.serve.api.api_errors import ApiError, Refusal, refused
from voicestream.serve.api.requests import choose_voice
from voicestream.serve.stages import fingerprint, sound
from voicestream.serve.stages.batch_thread import BatchThread
from voicestream.serve.stages.engine_thread import EngineThread
from voicestream.workers import engine_loading
from voicestream.workers.player.wav_output import FRAME_BYTES
from voicestream.workers.tts import rendering

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.serve.api.requests import SpeechJob
    from voicestream.serve.settings import ServeSettings

_log = logging.getLogger(__name__)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """First item of a stream of speech."""

    fingerprint: str
    """Value of ``X-Reproducible``."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the engine of a stage."""

    name: str
    kind: str
    """``speech`` or ``translation``."""
    device: str
    languages: tuple[str, ...] = ()
    """Base languages; empty = any."""
    voices: tuple[str, ...] = ()
    checks: bool = True
    """Of a translator: whether its translations need checks."""


class BrokenSpeechError(Exception):
    """The engine failed after the first sample; the message has no text of the request."""


SpeechItem: TypeAlias = Head | Refusal | bytes
"""A stream is one head and then PCM, none of it empty, or one refusal."""


class SpeechStage:
    """One loaded voice engine."""

    def __init__(self, settings: ServeSettings) -> None:
        """Load the engine.

        Raises:
            ConfigurationError: it cannot be loaded.
        """
        self._settings: Final = settings
        self._spec: Final = registry.spec(registry.SYNTHESIZERS, settings.tts)
        self._thread: Final = EngineThread("speech")
        self._engine: Final = self._thread.call_now(self._load)
        batching = as_batch(self._engine)
        self._batch: Final = BatchThread(self._thread, batching) if batching is not None else None
        self._fingerprint: Final = fingerprint.of_engine(self._spec, self._engine.device, root(settings.models))

    def describe(self) -> Description:
        """Return the facts about the engine."""
        return Description(
            name=self._engine.name,
            kind="speech",
            device=self._engine.device,
            languages=tuple(sorted(self._spec.languages)),
            voices=tuple(self._spec.voices(self._settings.models).names),
        )

    def check_health(self) -> None:
        """Check the engine.

        Raises:
            RuntimeError: it hangs, or is broken.
        """
        self._thread.check("the voice engine")
        if self._batch is not None:
            self._batch.check()

    async def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        """Yield the items of a sentence; to cancel, close the iterator: the engine stops within one chunk.

        Raises:
            BrokenSpeechError: the engine failed after the first sample.
        """
        has_begun = False
        try:
            utterance = self._utterance(job)
            async with contextlib.aclosing(self._encoded(utterance, job.skip)) as chunks:
                async for chunk in chunks:
                    if not has_begun:
                        yield Head(fingerprint=self._fingerprint)
                    has_begun = True
                    yield chunk
            if not has_begun:
                yield Head(fingerprint=self._fingerprint)
        except ApiError as error:
            yield error.refusal
        except Exception as error:  # noqa: BLE001 - any may quote the text, and would be logged by Ray
            described = exception_summary.describe(error)
            _log.warning("a sentence failed: %s", described)
            if has_begun:
                raise BrokenSpeechError(described) from None
            yield _failed(error)

    def _load(self) -> Synthesizer:
        engine = engine_loading.load_synthesizer(self._settings.tts, _ignore_progress)
        rendering.prepare(engine)
        return engine

    def _utterance(self, job: SpeechJob) -> rendering.Utterance:
        voice = choose_voice(job.voice, self._spec.voices(self._settings.models))
        language = job.language or self._spec.language_of(voice) or self._settings.language
        if not self._engine.supports(language):
            message = f"{self._engine.name} does not speak this language; GET /v1/models lists those it speaks"
            raise refused(400, "language_not_supported", message, param="language")
        return rendering.Utterance(
            text=job.text, language=language, voice=voice, seed=job.seed, speed=job.speed, pause_seconds=0.0
        )

    async def _encoded(self, utterance: rendering.Utterance, skip: int) -> AsyncGenerator[bytes]:
        has_sound = False
        async with contextlib.aclosing(self._samples(utterance)) as chunks:
            async for chunk in chunks:
                has_sound = True
                pcm, skip = sound.encoded(chunk, skip)
                if pcm:
                    yield pcm
        if not has_sound:
            raise refused(422, "no_sound", "there is nothing to say in this text", param="input")

    def _samples(self, utterance: rendering.Utterance) -> AsyncGenerator[NDArray[np.float32]]:
        """Yield the samples of a sentence, in arrays that are not empty."""
        if self._batch is not None:
            return self._batch.iterate(utterance, self._settings.queue_seconds)

        def make(check: Callable[[], None]) -> Iterator[NDArray[np.float32]]:
            return (chunk for chunk in rendering.samples(self._engine, utterance, check) if len(chunk))

        return self._thread.iterate(make, self._settings.queue_seconds)


def seconds_of(pcm_bytes: int) -> float:
    """Return the duration of PCM in seconds."""
    return pcm_bytes / (FRAME_BYTES * SAMPLE_RATE)


def _failed(error: Exception) -> Refusal:
    """Return the answer for a sentence without sound; another engine may be able to speak it."""
    if isinstance(error, UsageError):
        return Refusal(status=400, code="rejected_by_engine", message="the voice engine does not accept this request")
    return Refusal(status=500, code="engine_failed", message=f"the voice engine failed: {type(error).__name__}")


def _ignore_progress(_stage: str, _progress: float | None) -> None:
    """Ignore the progress of loading."""
