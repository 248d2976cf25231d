"""Throughput of NLLB: sentences a second that the translation stage of the server makes for many clients.

    python -P -m voicestream.bench.gpu.nllb_throughput [--quick] [--tiny --compute cpu]

Each client asks for a sentence, waits for its translation and asks again. Beside it, in the same process and with the
same weights, stands a translator that takes 16 sentences of one language at once. One JSON object is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from voicestream.bench import hardware
from voicestream.bench.figures import Figure, percentile
from voicestream.bench.gpu import gpu_memory, subprocess_tasks
from voicestream.bench.gpu.nllb_latency import flores, question
from voicestream.bench.gpu.subprocess_tasks import TaskRequest, TaskResult
from voicestream.bench.gpu.timing import ignore_progress, never_cancelled, times
from voicestream.bench.random_models import nllb_model
from voicestream.bench.random_models.fixed_sentences import ANSWER_TOKENS, OTHER_TARGETS, QUESTION, SOURCE, TARGET
from voicestream.bench.random_models.sizes import FULL_SIZES, TINY_SIZES
from voicestream.bench.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Job, Translator
    from voicestream.serve.stages.translation import TranslationStage

CLIENTS: Final = (1, 16, 64, 128, 256)

ROWS: Final = (1, 16, 32, 64, 128)
"""Sentences of the batches whose decoding alone is measured."""

GOAL: Final = 3_000
"""Sentences a second with 256 clients, on an H200."""

RUNS: Final = 24
QUICK_RUNS: Final = 5
"""Sentences of each client."""

WARM_UPS: Final = 8
"""Unmeasured sentences of each client: batches of each size are captured when they occur for the second time."""


class _Way(NamedTuple):
    """A way to serve the clients."""

    name: str
    title: str
    targets: tuple[str, ...]
    """Target languages; the clients take turns."""
    is_limited: bool = False
    """True: the translator takes 16 sentences of one language at once."""


WAYS: Final = (
    _Way("nllb", "NLLB", (TARGET,)),
    _Way("nllb_mixed", "NLLB, four target languages", (TARGET, *OTHER_TARGETS)),
    _Way("nllb_16", "NLLB, 16 sentences at once", (TARGET,), is_limited=True),
    _Way(
        "nllb_16_mixed", "NLLB, 16 sentences at once, four target languages", (TARGET, *OTHER_TARGETS), is_limited=True
    ),
)


class _Limited:
    """A translator without the part of it that takes larger batches."""

    def __init__(self, engine: Translator) -> None:
        self._engine = engine
        self.name = engine.name

    @property
    def device(self) -> str:
        return self._engine.device

    def supports(self, source: str, target: str) -> bool:
        return self._engine.supports(source, target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        return self._engine.translate(texts, source, target, job)

    def close(self) -> None:
        """Leave the engine open."""


def measure(request: TaskRequest) -> TaskResult:
    """Measure all ways with all numbers of clients."""
    from voicestream.serve.settings import ServeSettings
    from voicestream.serve.stages.translation import TranslationStage
    from voicestream.workers import engine_loading

    settings = ServeSettings(tts="xtts", translator="nllb")
    engine: Any = engine_loading.load_translator("nllb", ignore_progress)
    figures = _decoding(engine, Path(request.models), request)
    details: dict[str, str] = {}
    for way in WAYS:
        translator: Translator = _Limited(engine) if way.is_limited else engine
        stage = TranslationStage(settings, partial(_same, translator))
        with asyncio.Runner() as runner:  # the stage belongs to one event loop
            for clients in CLIENTS:
                name = f"{way.name}_{clients}_clients"
                title = f"{way.title}, {clients} client{'s' * (clients > 1)}"
                seconds, samples = runner.run(_served(stage, way.targets, clients, request))
                details[f"{name} sentences/s"] = f"{len(samples) / seconds:.0f}"
                figures.append(Figure(name=name, title=title, unit="ms", samples=samples))
    used = gpu_memory.figure("nllb_memory_used", "NLLB, memory after all of these", request.used_bytes)
    details["nllb"] = engine.device
    engine.close()
    return TaskResult((*figures, *used), details)


def _same(translator: Translator) -> Translator:
    return translator


def _decoding(engine: Any, models: Path, request: TaskRequest) -> list[Figure]:  # noqa: ANN401 - its inside is measured
    """Measure the decoding of batches, without tokenizer and clients."""
    from voicestream.workers.engines.nllb.batches import Group, Row
    from voicestream.workers.engines.nllb.search import Search

    row = Row(question(models / nllb_model.NAME), flores(TARGET), ANSWER_TOKENS - 1)
    figures: list[Figure] = []
    for count in ROWS:
        group = Group([row] * count, Search(num_beams=1), never_cancelled)
        decode = partial(engine._decode_group, group)  # noqa: SLF001 - texts end when they like
        samples = times(decode, request.runs, request.warm_ups)
        title = f"NLLB, decoding of {count} sentence{'s' * (count > 1)}"
        figures.append(Figure(name=f"nllb_decode_{count}", title=title, unit="ms", samples=samples))
    return figures


async def _served(
    stage: TranslationStage, targets: Sequence[str], clients: int, request: TaskRequest
) -> tuple[float, tuple[float, ...]]:
    """Return the seconds in which all clients are served, and the milliseconds of each request."""
    samples: list[float] = []

    async def ask(target: str, runs: int, keep: Callable[[float], None]) -> None:
        from voicestream.serve.api.requests import TranslationJob
        from voicestream.serve.stages.translation import Translations

        job = TranslationJob(texts=(QUESTION,), source=SOURCE, target=target, beams=1, is_second_try=False)
        for _ in range(runs):
            begun_at = time.perf_counter()
            found = await stage.translate(job)
            assert isinstance(found, Translations), found  # noqa: S101 - else nothing was measured
            keep((time.perf_counter() - begun_at) * 1000)

    async def all_ask(runs: int, keep: Callable[[float], None]) -> None:
        await asyncio.gather(*(ask(targets[at % len(targets)], runs, keep) for at in range(clients)))

    await all_ask(request.warm_ups, lambda _: None)
    begun_at = time.perf_counter()
    await all_ask(request.runs, samples.append)
    return time.perf_counter() - begun_at, tuple(samples)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a model, measure, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few sentences, as a smoke test")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, whose figures mean nothing")
    parser.add_argument("--compute", default="cuda", help="device, as for voicestream run")
    chosen = parser.parse_args(arguments)
    runs = QUICK_RUNS if chosen.quick else RUNS
    sizes = TINY_SIZES if chosen.tiny else FULL_SIZES
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="vs-bench-") as models:
        request = TaskRequest("make nllb", models, sizes, chosen.compute, runs, min(WARM_UPS, runs))
        machine = subprocess_tasks.run_task(replace(request, task="environment"), sandbox.environment).details
        subprocess_tasks.run_task(request, sandbox.environment)
        request = replace(request, task="nllb throughput", used_bytes=gpu_memory.used_bytes())
        found = subprocess_tasks.run_task(request, sandbox.environment)
    sys.stdout.write(json.dumps(summary(found) | {"hardware": hardware.describe() | machine}, indent=1) + "\n")
    return 0


def summary(found: TaskResult) -> dict[str, object]:
    """Return the medians, the slowest twentieth and the throughputs."""
    figures = {
        figure.name: [round(percentile(figure.samples, percent), 2) for percent in (50, 95)]
        for figure in found.figures
        if figure.samples
    }
    return {"p50 and p95, ms or MB": figures, "details": found.details, "goal with 256 clients": GOAL}


if __name__ == "__main__":
    sys.exit(main())
