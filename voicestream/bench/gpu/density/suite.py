"""``voicestream bench --gpu --density``: all voice paths, one after another, on one GPU."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench import hardware
from voicestream.bench.gpu import gpu_memory, gpu_suite, subprocess_tasks
from voicestream.bench.gpu.density.coqui_density import ABORTED
from voicestream.bench.gpu.density.measuring import is_carried
from voicestream.bench.gpu.density.rows import COQUI, PATHS, DensityPlan, DensityRow, merged
from voicestream.bench.gpu.subprocess_tasks import TaskRequest, TaskResult
from voicestream.bench.sandbox import Sandbox
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.bench.figures import Figure
    from voicestream.bench.random_models.sizes import Sizes

OWN: Final = subprocess_tasks.DENSITY_TASK
OTHER: Final = "coqui density"
WARM_UPS: Final = 2


@dataclass(frozen=True)
class DensityReport:
    """Result of the density benchmark."""

    hardware: dict[str, str]
    rows: tuple[DensityRow, ...]
    figures: tuple[Figure, ...]
    """Profile, if there is one."""
    seconds: float
    """Duration of the measurements."""
    voices: dict[str, int] = field(default_factory=dict[str, int])
    """Largest number of listeners served in real time, by voice path."""

    @property
    def has_failed(self) -> bool:
        """Return whether a path could not be measured."""
        return any(row.absent for row in self.rows)


def measure_all(
    sizes: Sizes,
    plan: DensityPlan,
    report_progress: Callable[[str], None],
    *,
    compute: str = gpu_suite.GPU,
    with_profile: bool = False,
) -> DensityReport:
    """Run all measurements; a path that fails becomes a row with the reason.

    Args:
        sizes: of the model.
        plan: numbers of listeners and durations.
        report_progress: is called with the name of each measurement before it starts.
        compute: as after ``--compute``.
        with_profile: whether to profile many sentences at once, too.

    Raises:
        ConfigurationError: the device is not there, or cannot be used.
        VoicestreamError: there is too little room for the model, or it cannot be made.
    """
    begun_at = time.monotonic()
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="vs-bench-") as models:
        gpu_suite.check_room(Path(models), sizes.disk_bytes)

        def run_task(task: str, process: int = 0) -> TaskResult:
            request = TaskRequest(
                task=task,
                models=models,
                sizes=sizes,
                compute=compute,
                runs=0,
                warm_ups=WARM_UPS,
                with_profile=with_profile,
                used_bytes=used_before,
                density=replace(plan, process=process),
            )
            return subprocess_tasks.run_task(request, sandbox.environment)

        used_before = gpu_memory.used_bytes()
        machine = hardware.describe()
        for task in ("environment", "make xtts"):
            report_progress(task)
            machine |= run_task(task).details
        report_progress(OWN)
        own = _try(OWN, lambda: run_task(OWN))
        report_progress(OTHER)
        other = _in_processes(plan, Path(models), lambda process: run_task(OTHER, process))
    rows = (*own.rows, *other.rows)
    return DensityReport(
        hardware=machine | own.details | other.details,
        rows=rows,
        figures=own.figures,
        seconds=time.monotonic() - begun_at,
        voices={path: largest(rows, path) for path in PATHS},
    )


def largest(rows: tuple[DensityRow, ...], path: str) -> int:
    """Return the largest number of listeners that a path serves in real time; 0: none."""
    return max((row.listeners for row in rows if row.path == path and is_carried(row)), default=0)


def _in_processes(plan: DensityPlan, directory: Path, run: Callable[[int], TaskResult]) -> TaskResult:
    """Run a task in several processes at once; their rows are merged."""

    def run_one(process: int) -> TaskResult:
        try:
            return run(process)
        except BaseException:
            (directory / ABORTED).touch()
            raise

    def run_all() -> TaskResult:
        with ThreadPoolExecutor(plan.processes) as pool:
            shares = list(pool.map(run_one, range(plan.processes)))
        by_count = zip(*(share.rows for share in shares), strict=True)
        rows = tuple(merged(parts, count) for parts, count in zip(by_count, plan.coqui, strict=True))
        return TaskResult(rows=rows, details=shares[0].details)

    return _try(COQUI, run_all)


def _try(name: str, run: Callable[[], TaskResult]) -> TaskResult:
    """Run a task; an error becomes a row."""
    try:
        return run()
    except VoicestreamError as error:
        return TaskResult(rows=(DensityRow(name, 0, absent=error.for_people()),))
