"""GPU benchmark suite: all measurements in sequence, with temporary random models."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench import hardware
from voicestream.bench.figures import Figure, Report
from voicestream.bench.gpu import contention, end_to_end, gpu_memory, subprocess_tasks
from voicestream.bench.gpu.contention_process import Work
from voicestream.bench.gpu.nllb_latency import CASES, case_name
from voicestream.bench.gpu.subprocess_tasks import TaskRequest, TaskResult
from voicestream.bench.random_models.fixed_sentences import ANSWER_TOKENS, QUESTION, SOURCE, TARGET
from voicestream.bench.sandbox import Sandbox
from voicestream.config import gpu_probe
from voicestream.errors import EngineNotReadyError, VoicestreamError
from voicestream.models import packages
from voicestream.models.catalogue import format_size
from voicestream.models.downloads.disk import free_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.bench.random_models.sizes import GpuRuns, Sizes

GPU: Final = "cuda"

NEEDED: Final = ("torch", "transformers", "tokenizers", "TTS")

_BASELINE_OF: Final = {"nllb": "transformers", "xtts": "coqui"}
"""Baseline task for each of our tasks."""


def check() -> None:
    """Check that a GPU and the packages are there.

    Raises:
        ConfigurationError: there is no NVIDIA GPU, or packages are missing.
    """
    packages.check(*NEEDED, install=packages.INSTALL_NEURAL)
    if not gpu_probe.may_have_gpu():
        raise EngineNotReadyError(
            "there is no NVIDIA GPU here, so there is nothing to measure with --gpu",
            hint="Try: voicestream bench  (what it measures needs none)",
        )


def measure_all(
    sizes: Sizes,
    runs: GpuRuns,
    report_progress: Callable[[str], None],
    *,
    compute: str = GPU,
    with_profile: bool = False,
) -> Report:
    """Run all measurements; a failed one becomes a row with the reason.

    Args:
        sizes: of the models.
        runs: how often each thing is done.
        report_progress: is called with the name of each measurement before it starts.
        compute: as after ``--compute``.
        with_profile: whether to look also where the time of a sentence goes.

    Raises:
        ConfigurationError: the device is not there, or cannot be used.
        VoicestreamError: there is too little room for the models, or they cannot be made.
    """
    begun_at = time.monotonic()
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="vs-bench-") as directory:
        check_room(Path(directory), sizes.disk_bytes)
        bench = _Benchmark(
            sandbox, directory, sizes, compute, report_progress, warm_ups=runs.warm_ups, with_profile=with_profile
        )
        machine = hardware.describe() | bench.run_task("environment").details
        for model in ("nllb", "xtts"):
            bench.run_task(f"make {model}")
        found = {task: bench.try_task(task, runs.own) for task in _BASELINE_OF}
        found |= {task: bench.try_task(task, runs.others) for task in _BASELINE_OF.values()}
        through = bench.end_to_end(runs.lines)
        together = bench.contention_figures(runs.own)
    figures = [figure for task in found.values() for figure in task.figures]
    for task in found.values():
        machine |= task.details
    machine["equal answers"] = _equal(found["nllb"], found["transformers"])
    return Report(
        hardware=machine,
        figures=tuple(_ordered([*figures, *through, *together])),
        seconds=time.monotonic() - begun_at,
    )


def check_room(directory: Path, needed_bytes: int) -> None:
    """Check that the models fit on the disk of a directory.

    Raises:
        VoicestreamError: they do not.
    """
    free = free_bytes(directory)
    if free < needed_bytes:
        raise VoicestreamError(
            f"the random models take {format_size(needed_bytes)} while it is measured, and {directory.parent} has "
            f"{format_size(free)} free",
            hint="Type, with a directory on another disk: TMPDIR=/a/directory voicestream bench --gpu",
        )


class _Benchmark:
    """One run of the suite."""

    def __init__(
        self,
        sandbox: Sandbox,
        models: str,
        sizes: Sizes,
        compute: str,
        report_progress: Callable[[str], None],
        *,
        warm_ups: int,
        with_profile: bool,
    ) -> None:
        self._sandbox = sandbox
        self._models = models
        self._sizes = sizes
        self._compute = compute
        self._report_progress = report_progress
        self._warm_ups = warm_ups
        self._with_profile = with_profile

    def run_task(self, task: str, runs: int = 0) -> TaskResult:
        """Run a task in a subprocess; errors are those of ``subprocess_tasks.run_task``."""
        self._report_progress(task)
        request = TaskRequest(
            task=task,
            models=self._models,
            sizes=self._sizes,
            compute=self._compute,
            runs=runs,
            warm_ups=self._warm_ups,
            with_profile=self._with_profile,
            used_bytes=gpu_memory.used_bytes(),
        )
        return subprocess_tasks.run_task(request, self._sandbox.environment)

    def try_task(self, task: str, runs: int) -> TaskResult:
        """Run a task; an error becomes a row."""
        try:
            return self.run_task(task, runs)
        except VoicestreamError as error:
            return TaskResult((_failure(task, error),))

    def end_to_end(self, lines: int) -> tuple[Figure, ...]:
        """Measure the end-to-end latency."""
        self._report_progress("a line through all workers")
        try:
            return end_to_end.measure(self._sandbox, self._models, self._compute, lines, gpu_memory.used_bytes())
        except VoicestreamError as error:
            return (_failure("line_to_pcm", error),)
        finally:
            self._sandbox.end_all()

    def contention_figures(self, runs: int) -> tuple[Figure, ...]:
        """Measure the contention of the two engines."""
        self._report_progress("both engines at once")
        spoken = self._sizes.spoken
        work = Work(QUESTION, (SOURCE, TARGET), ANSWER_TOKENS - 1, spoken, SOURCE)
        try:
            return tuple(contention.measure(Path(self._models), self._compute, work, runs))
        except VoicestreamError as error:
            return (_failure("contention", error),)


def _failure(name: str, error: VoicestreamError) -> Figure:
    return Figure(name=name, title=name, unit="ms", samples=(), absent=error.for_people(), is_failure=True)


def _equal(own: TaskResult, other: TaskResult) -> str:
    """Return the number of equal answers of ours and the baseline."""
    counts: list[str] = []
    for sentences, beams, _ in CASES:
        ours = own.answers.get(case_name("nllb", sentences, beams), [])
        theirs = other.answers.get(case_name("transformers", sentences, beams), [])
        # The baseline's answers are padded after their end.
        same = sum(a == b[: len(a)] for a, b in zip(ours, theirs, strict=False))
        counts.append(f"{case_name('nllb', sentences, beams)} {same} of {sentences}")
    return ", ".join(counts)


def _ordered(figures: list[Figure]) -> list[Figure]:
    """Sort each of our figures before its baseline, and memory after times."""
    order = [name for case in CASES for name in (case_name("nllb", *case[:2]), case_name("transformers", *case[:2]))]
    position = {name: number for number, name in enumerate(order)}
    return sorted(figures, key=lambda figure: (figure.unit == "MB", position.get(figure.name, len(position))))
