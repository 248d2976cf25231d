"""Translation stage: one translator, which is given the texts of several requests at once when they pile up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import exception_summary
from voicestream.config import languages
from voicestream.engines import registry
from voicestream.engines.translator import (
    MAX_BATCH,
    CancelledError,
    Job,
    MixedTranslator,
    max_batch,
    translate_pairs,
)
from voicestream.serve.api.api_errors import ApiError, Refusal, refused
from voicestream.serve.stages.engine_thread import MAX_STEP_SECONDS, EngineThread
from voicestream.serve.stages.speech import Description
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Translator
    from voicestream.serve.api.requests import TranslationJob
    from voicestream.serve.settings import ServeSettings

MAX_WAITING: Final = 512
"""Requests that may wait for the translator of one replica: those of 256 clients with some margin."""

MAX_SHORT_CHARACTERS: Final = 300
"""Length of a text up to which it is translated together with usual sentences."""

GATHER_SECONDS: Final = 0.002
"""Time after a batch for which the next one waits for its clients to ask again: a tenth of a batch on a GPU."""

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


def next_batch(jobs: Sequence[TranslationJob], limit: int = MAX_BATCH, *, is_mixed: bool = False) -> list[int]:
    """Return the indices of the jobs that are translated together with the first. Pure.

    They have the same search as the first, and the same languages. In batches of many sentences long texts have batches
    of their own, because all are answered when the last one is translated. Other jobs keep their place.

    Args:
        jobs: in the order of their arrival.
        limit: of the texts.
        is_mixed: True: languages may differ.
    """
    chosen: list[int] = []
    texts = 0
    for index, job in enumerate(jobs):
        fits = job.search == jobs[0].search and (
            _is_long(job) == _is_long(jobs[0]) if is_mixed else job.pair == jobs[0].pair
        )
        # The first one fits by itself: a request has no more texts than any translator takes.
        if fits and texts + len(job.texts) <= limit:
            chosen.append(index)
            texts += len(job.texts)
    return chosen


def _is_long(job: TranslationJob) -> bool:
    return max(map(len, job.texts)) > MAX_SHORT_CHARACTERS


@dataclass
class _Rhythm:
    """End of the last batch, after which its clients may soon ask again."""

    ended_at: float = 0.0
    texts: int = 0
    """Texts of the batch, and those that waited at its end."""

    def gather_seconds(self, waiting: int, limit: int, now: float) -> float:
        """Return how long the next batch may wait for further texts; 0 = it starts now. Pure.

        Clients that ask again when they are answered would otherwise form two groups that take turns, each in a batch
        of a part of them. A single client never waits, nor does a request that comes later.

        Args:
            waiting: number of texts.
            limit: of a batch.
            now: seconds on the clock of ``ended_at``.
        """
        if limit <= MAX_BATCH or waiting >= min(self.texts, limit):
            return 0.0
        return max(0.0, self.ended_at + GATHER_SECONDS - now)


class TranslationStage:
    """One loaded translator."""

    def __init__(self, settings: ServeSettings, load: Callable[[], Translator] | None = None) -> None:
        """Load the translator.

        Args:
            settings: of the server.
            load: called on the thread of the engine; None: it loads the translator of the settings.

        Raises:
            ConfigurationError: it cannot be loaded.
        """
        self._settings: Final = settings
        self._thread: Final = EngineThread("translation")
        self._spec: Final = registry.spec(registry.TRANSLATORS, settings.translator)
        self._engine: Final = self._thread.call_now(load or self._load)
        if isinstance(self._engine, MixedTranslator):
            self._thread.call_now(self._engine.prepare)
        self._waiting: list[_Waiting] = []
        self._rhythm = _Rhythm()
        self._arrival: Final = asyncio.Event()
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
        self._arrival.set()
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
            limit = max_batch(self._engine)
            await self._gather(limit)
            self._waiting = [one for one in self._waiting if not one.result.done()]
            if not self._waiting:
                return
            is_mixed = isinstance(self._engine, MixedTranslator)
            chosen = set(next_batch([one.job for one in self._waiting], limit, is_mixed=is_mixed))
            batch = [one for index, one in enumerate(self._waiting) if index in chosen]
            self._waiting = [one for index, one in enumerate(self._waiting) if index not in chosen]
            await self._translate(batch)
            self._rhythm = _Rhythm(time.monotonic(), _texts(batch) + _texts(self._waiting))

    async def _gather(self, limit: int) -> None:
        """Wait for the requests that soon follow a batch."""
        while (seconds := self._rhythm.gather_seconds(_texts(self._waiting), limit, time.monotonic())) > 0:
            self._arrival.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrival.wait(), seconds)

    async def _translate(self, batch: list[_Waiting]) -> None:
        texts = [text for one in batch for text in one.job.texts]
        pairs = [one.job.pair for one in batch for _ in one.job.texts]
        job = batch[0].job

        def is_unwanted() -> bool:
            return all(one.result.done() for one in batch)

        def call(is_over: Callable[[], bool]) -> list[str]:
            options = Job(
                beams=job.beams, is_second_try=job.is_second_try, is_cancelled=lambda: is_over() or is_unwanted()
            )
            return translate_pairs(self._engine, texts, pairs, options)

        try:
            answers = await self._thread.call(call, MAX_STEP_SECONDS)
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - any may quote a text, and would be logged by Ray
            _log.warning("a batch of %d texts failed: %s", len(texts), exception_summary.describe(error))
            await self._translate_halves(batch, type(error).__name__)
            return
        for one in batch:
            if not one.result.done():
                one.result.set_result(tuple(answers[: len(one.job.texts)]))
            del answers[: len(one.job.texts)]

    async def _translate_halves(self, batch: list[_Waiting], failure: str) -> None:
        """Repeat a failed batch in two halves, down to the request that fails: it must not cost others theirs."""
        batch = [one for one in batch if not one.result.done()]
        if half := len(batch) // 2:
            await self._translate(batch[:half])
            await self._translate(batch[half:])
        elif batch:
            batch[0].result.set_exception(refused(500, "engine_failed", f"the translator failed: {failure}"))


def _texts(requests: Sequence[_Waiting]) -> int:
    return sum(len(one.job.texts) for one in requests)
