"""Density of our XTTS engine: with continuous batching, and one sentence after another (task of the benchmark)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.density.measuring import measure_row, measure_until_missed, measure_with_refinements
from voicestream.bench.gpu.density.rows import BATCH, ONE_BY_ONE, DensityRow
from voicestream.bench.gpu.density.sources import BatchSource, OneByOneSource
from voicestream.bench.gpu.profile import profile_run
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.gpu.timing import ignore_progress
from voicestream.bench.random_models.fixed_sentences import SOURCE
from voicestream.engines.synthesizer import as_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicestream.bench.figures import Figure
    from voicestream.bench.gpu.density.sources import Source
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest
    from voicestream.engines.synthesizer import BatchSynthesizer, Synthesizer

WARM_UP_LISTENERS: Final = 2
WARM_UP_SECONDS: Final = 1.0

PROFILED_LISTENERS: Final = 256
"""Sentences that are profiled together."""


def measure(request: TaskRequest) -> TaskResult:
    """Measure both paths with one loaded engine."""
    from voicestream.workers import engine_loading

    engine = engine_loading.load_synthesizer("xtts", ignore_progress)
    batching = as_batch(engine)
    rows: list[DensityRow] = []
    figures: tuple[Figure, ...] = ()
    details = {"xtts": engine.device}
    if batching is None:
        rows.append(DensityRow(BATCH, 0, absent=f"{engine.name} does not batch on {engine.device}"))
    else:
        details["slots"] = str(batching.max_streams)
        source = BatchSource(batching, request.sizes.spoken, SOURCE)
        measure_listeners = _measuring(request, BATCH, source)
        rows += measure_with_refinements(measure_listeners, request.density)
        if request.with_profile:
            figures, details["kernels"] = _profile(batching, request)
    one_by_one = OneByOneSource(_speaking(engine, request.sizes.spoken))
    rows += measure_until_missed(_measuring(request, ONE_BY_ONE, one_by_one), request.density.one_by_one)
    engine.close()
    return TaskResult(figures=figures, details=details, rows=tuple(rows))


def _measuring(request: TaskRequest, path: str, source: Source) -> Callable[[int], DensityRow]:
    """Return the measurement of a number of listeners, after a warm-up."""

    def used() -> int | None:
        return gpu_memory.used_since(request.used_bytes)

    def measure_listeners(listeners: int) -> DensityRow:
        return measure_row(path, source, listeners, request.density, used)

    warm_up = min(WARM_UP_SECONDS, request.density.seconds)
    measure_row(path, source, WARM_UP_LISTENERS, request.density, lambda: None, seconds=warm_up)
    return measure_listeners


def _speaking(engine: Synthesizer, text: str) -> Callable[[int], Iterator[float]]:
    def speak(seed: int) -> Iterator[float]:
        chunks = engine.synthesize(text, SOURCE, "", seed)
        return (len(samples) / engine.sample_rate for samples in chunks if len(samples))

    return speak


def _profile(engine: BatchSynthesizer, request: TaskRequest) -> tuple[tuple[Figure, ...], str]:
    """Profile sentences that begin together: the time of the device by kind of work."""
    count = min(PROFILED_LISTENERS, max(request.density.listeners))
    source = BatchSource(engine, request.sizes.spoken, SOURCE)

    def speak_all() -> None:
        for listener in range(count):
            source.ask(listener, listener)
        while source.is_busy:
            source.step()

    began = time.perf_counter()
    speak_all()
    took = 1000 * (time.perf_counter() - began)
    figure, kernels = profile_run(
        "density_profile", f"XTTS, {count} sentences at once: work on the device", speak_all, (took,)
    )
    return (figure,), kernels
