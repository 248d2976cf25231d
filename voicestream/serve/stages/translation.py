"""Translation stage: one translator, which is given the texts of several requests at once when they pile up."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import exception_summary
from voicestream.config import languages
from voicestream.engines import registry
from voicestream.engines.translator import CancelledError, Job, translate_each
from voicestream.serve.api.api_errors import ApiError, Refusal, refused
from voicestream.serve.settings import MAX_TEXTS
from voicestream.serve.stages.engine_thread import MAX_STEP_SECONDS, EngineThread
from voicestream.serve.stages.speech import Description
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Translator
    from voicestream.serve.api.requests import TranslationJob
    from voicestream.serve.settings import ServeSettings

MAX_WAITING: Final = 64
"""Requests that may wait for the translator of one replica."""

_log = logging.getLogger(__name__)


class Translations(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a translation request."""

    texts: tuple[str, ...]
    model: str


@dataclass(eq=False)
class _Waiting:
    """A request that waits for its translation."""

    job: TranslationJob
    result: asyncio.Future[tuple[str, ...]]


def next_batch(jobs: Sequence[TranslationJob]) -> list[int]:
    """Return the indices of the jobs that are translated together with the first: same languages, up to 16 texts. Pure.

    Later jobs of other languages keep their place.
    """
    chosen: list[int] = []
    texts = 0
    for index, job in enumerate(jobs):
        if job.key == jobs[0].key and texts + len(job.texts) <= MAX_TEXTS:
            chosen.append(index)
            texts += len(job.texts)
    return chosen


class TranslationStage:
    """One loaded translator."""

    def __init__(self, settings: ServeSettings) -> None:
        """Load the translator.

        Raises:
            ConfigurationError: it cannot be loaded.
        """
        self._settings: Final = settings
        self._thread: Final = EngineThread("translation")
        self._spec: Final = registry.spec(registry.TRANSLATORS, settings.translator)
        self._engine: Final = self._thread.call_now(self._load)
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    def describe(self) -> Description:
        """Return the facts about the translator."""
        return Description(
            name=self._engine.name,
            kind="translation",
            device=self._engine.device,
            languages=tuple(sorted(self._spec.languages)),
            checks=bool(getattr(self._engine, "needs_checks", False)),
        )

    def check_health(self) -> None:
        """Check the translator.

        Raises:
            RuntimeError: it hangs.
        """
        self._thread.check("the translator")

    async def translate(self, job: TranslationJob) -> Translations | Refusal:
        """Return the translations of a job, or the reason why there are none."""
        if languages.are_same(job.source, job.target):
            return Translations(texts=job.texts, model=self._engine.name)
        if not self._engine.supports(job.source, job.target):
            message = f"{self._engine.name} does not translate from {job.source} to {job.target}"
            return Refusal(status=400, code="language_not_supported", message=message, param="target")
        if len(self._waiting) >= MAX_WAITING:
            message = "too many requests are waiting"
            return Refusal(status=503, code="overloaded", message=message, retry_after=1)
        waiting = _Waiting(job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            return Translations(texts=await waiting.result, model=self._engine.name)
        except ApiError as error:
            return error.refusal
        finally:
            waiting.result.cancel()

    def _load(self) -> Translator:
        return engine_loading.load_translator(self._settings.translator, lambda _stage, _progress: None)

    async def _work(self) -> None:
        """Translate until nothing waits."""
        while self._waiting:
            self._waiting = [one for one in self._waiting if not one.result.done()]
            if not self._waiting:
                return
            chosen = next_batch([one.job for one in self._waiting])
            batch = [self._waiting[index] for index in chosen]
            self._waiting = [one for index, one in enumerate(self._waiting) if index not in chosen]
            await self._translate(batch)

    async def _translate(self, batch: list[_Waiting]) -> None:
        texts = [text for one in batch for text in one.job.texts]
        job = batch[0].job

        def is_unwanted() -> bool:
            return all(one.result.done() for one in batch)

        def call(is_over: Callable[[], bool]) -> list[str]:
            options = Job(
                beams=job.beams, is_second_try=job.is_second_try, is_cancelled=lambda: is_over() or is_unwanted()
            )
            return translate_each(self._engine, texts, job.source, job.target, options)

        try:
            answers = await self._thread.call(call, MAX_STEP_SECONDS)
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - any may quote a text, and would be logged by Ray
            _log.warning("a batch of %d texts failed: %s", len(texts), exception_summary.describe(error))
            await self._translate_each(batch, type(error).__name__)
            return
        for one in batch:
            if not one.result.done():
                one.result.set_result(tuple(answers[: len(one.job.texts)]))
            del answers[: len(one.job.texts)]

    async def _translate_each(self, batch: list[_Waiting], failure: str) -> None:
        """Repeat a failed batch request by request: one text must not cost others theirs."""
        if len(batch) > 1:
            for one in batch:
                await self._translate([one])
        elif not batch[0].result.done():
            batch[0].result.set_exception(refused(500, "engine_failed", f"the translator failed: {failure}"))
