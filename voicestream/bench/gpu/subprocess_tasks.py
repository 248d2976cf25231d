"""Benchmark tasks, each in a subprocess of its own, whose memory is separate and freed at its end.

    python -P -m voicestream.bench.gpu.subprocess_tasks PARENT-PID REQUEST

Request and result are JSON.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.bench.figures import Figure  # noqa: TC001 - msgspec reads it at run time
from voicestream.bench.gpu.density.rows import DensityPlan, DensityRow
from voicestream.bench.random_models.sizes import Sizes  # noqa: TC001 - msgspec reads it at run time
from voicestream.config.engine_settings import LOCAL_STREAMS, SERVER_STREAMS, EngineSettings
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError, VoicestreamError
from voicestream.protocol import lifeline
from voicestream.supervisor.processes.process import THREAD_VARIABLES, WAITING_VARIABLES, threads_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DENSITY_TASK: Final = "xtts density"
"""Task whose engine gets as many slots as that of a server."""

TASKS: Final = {
    "environment": "gpu.environment",
    "make nllb": "random_models.directories",
    "make xtts": "random_models.directories",
    "nllb": "gpu.nllb_latency",
    "nllb throughput": "gpu.nllb_throughput",
    "transformers": "gpu.baseline_transformers",
    "xtts": "gpu.xtts_latency",
    "coqui": "gpu.baseline_coqui",
    DENSITY_TASK: "gpu.density.xtts_density",
    "coqui density": "gpu.density.coqui_density",
}
"""Module below ``voicestream.bench`` by task name; its ``measure`` runs the task."""


@dataclass(frozen=True)
class TaskRequest:
    """Request of one task."""

    task: str
    """A key of ``TASKS``."""
    models: str
    """Directory of both models, or where they are created."""
    sizes: Sizes
    """Sizes of the models."""
    compute: str
    """Value of ``--compute``."""
    runs: int
    """Number of measured runs."""
    warm_ups: int
    """Number of unmeasured runs before."""
    with_profile: bool = False
    """True: also profile a sentence."""
    used_bytes: int | None = None
    """GPU memory in use before the task; None: unknown."""
    density: DensityPlan = field(default_factory=DensityPlan)
    """Plan of the density benchmark; other tasks ignore it."""


@dataclass(frozen=True)
class TaskResult:
    """Result of a task."""

    figures: tuple[Figure, ...] = ()
    details: dict[str, str] = field(default_factory=dict[str, str])
    """Further facts by name."""
    answers: dict[str, list[list[int]]] = field(default_factory=dict[str, list[list[int]]])
    """Output tokens by figure name."""
    rows: tuple[DensityRow, ...] = ()
    """Rows of the density benchmark."""


@dataclass(frozen=True)
class _ProcessResult:
    """Output of the subprocess."""

    found: TaskResult | None = None
    error: str = ""
    hint: str = ""
    exit_code: int = 0


def run_task(request: TaskRequest, environment: Mapping[str, str]) -> TaskResult:
    """Run a task in a subprocess that ends with this process.

    Args:
        request: the task and its settings.
        environment: of the subprocess, extended by a worker's variables.

    Raises:
        ConfigurationError: something has to be changed before a retry.
        VoicestreamError: the task failed.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__, str(os.getpid()), msgspec.json.encode(request)],
        env=_environment(request, environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise VoicestreamError(f"{request.task} ended with exit code {done.returncode}: {last[0]}")
    result = msgspec.json.decode(done.stdout, type=_ProcessResult)
    if result.found is None:
        kind = ConfigurationError if result.exit_code == EXIT_CONFIGURATION else VoicestreamError
        raise kind(result.error, hint=result.hint)
    return result.found


def _environment(request: TaskRequest, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as a worker has it."""
    threads = dict.fromkeys(THREAD_VARIABLES, str(threads_for(os.cpu_count() or 1)))
    streams = SERVER_STREAMS if request.task == DENSITY_TASK else LOCAL_STREAMS
    settings = EngineSettings(models=request.models, compute=request.compute, streams=streams)
    return threads | WAITING_VARIABLES | dict(inherited) | settings.environment()


def main() -> int:
    """Run the requested task."""
    lifeline.die_with(int(sys.argv[1]))
    request = msgspec.json.decode(sys.argv[2], type=TaskRequest)
    measure: Callable[[TaskRequest], TaskResult] = importlib.import_module(
        f"voicestream.bench.{TASKS[request.task]}"
    ).measure
    # Libraries print to stdout, where the result belongs.
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        result = _ProcessResult(measure(request))
    except VoicestreamError as error:
        result = _ProcessResult(error=str(error), hint=error.hint, exit_code=error.exit_code)
    with os.fdopen(out, "wb") as file:
        file.write(msgspec.json.encode(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
