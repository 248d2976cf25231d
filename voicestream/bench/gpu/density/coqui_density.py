"""Density of coqui-tts' own streaming, in several processes that share the listeners (task of the benchmark)."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.baseline_coqui import load
from voicestream.bench.gpu.density.measuring import measure_row
from voicestream.bench.gpu.density.rows import COQUI, DensityRow
from voicestream.bench.gpu.density.sources import OneByOneSource
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.random_models import xtts_model
from voicestream.bench.random_models.fixed_sentences import SOURCE
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

CHUNK_TOKENS: Final = 20
"""The library's default."""

WAIT_SECONDS: Final = 120.0
"""Timeout for the other processes to load the model."""

ABORTED: Final = "aborted"
"""Name of the file that ends the wait: another process has failed."""

_POLL_SECONDS: Final = 0.005


def measure(request: TaskRequest) -> TaskResult:
    """Measure the share of one process in each row; all processes begin a row together."""
    from voicestream.workers.engines.xtts.synthesizer import choose_device

    warnings.simplefilter("ignore")
    plan = request.density
    where = choose_device(request.compute).name
    rows: list[DensityRow] = []
    with load(Path(request.models) / xtts_model.NAME) as model:
        model.to(where)
        source = OneByOneSource(_speaking(model, where, request))
        for _ in range(max(1, request.warm_ups // 2)):
            source.ask(0, 0)
            while source.is_busy:
                source.step()
        for listeners in plan.coqui:
            wait_for_all(Path(request.models), f"{COQUI}-{listeners}", plan.process, plan.processes)
            rows.append(_row(request, source, listeners))
        # The others' memory counts until the last row ends.
        wait_for_all(Path(request.models), f"{COQUI}-end", plan.process, plan.processes)
    return TaskResult(rows=tuple(rows), details={"coqui": f"{plan.processes} processes, {where} float32"})


def wait_for_all(directory: Path, name: str, process: int, processes: int) -> None:
    """Wait until all processes are here.

    Args:
        directory: shared by the processes.
        name: of this point in the run.
        process: number of this process.
        processes: number of all.

    Raises:
        VoicestreamError: another process has failed, or is too late.
    """
    (directory / f"{name}-{process}").touch()
    until = time.monotonic() + WAIT_SECONDS
    while not all((directory / f"{name}-{number}").exists() for number in range(processes)):
        if (directory / ABORTED).exists() or time.monotonic() > until:
            raise VoicestreamError("another process of coqui-tts failed or timed out")
        time.sleep(_POLL_SECONDS)


def _row(request: TaskRequest, source: OneByOneSource, listeners: int) -> DensityRow:
    plan = request.density
    share = plan.share(listeners)

    def used() -> int | None:
        return gpu_memory.used_since(request.used_bytes)

    if not share:
        return DensityRow(COQUI, 0)
    return measure_row(COQUI, source, share, plan, used, seconds=plan.seconds_for(listeners))


def _speaking(model: Any, where: str, request: TaskRequest) -> Callable[[int], Iterator[float]]:  # noqa: ANN401 - coqui's
    voice = next(iter(model.speaker_manager.speakers.values()))
    latent, embedding = voice["gpt_cond_latent"].to(where), voice["speaker_embedding"].to(where)
    tokens = request.sizes.spoken_tokens
    rate = model.args.output_sample_rate

    def speak(_seed: int) -> Iterator[float]:
        chunks = model.inference_stream(
            request.sizes.spoken,
            SOURCE,
            latent,
            embedding,
            stream_chunk_size=CHUNK_TOKENS,
            repetition_penalty=5.0,
            min_new_tokens=tokens,
            max_new_tokens=tokens,
        )
        # Copied to the processor: only then the samples exist.
        return (len(chunk.cpu()) / rate for chunk in chunks)

    return speak
