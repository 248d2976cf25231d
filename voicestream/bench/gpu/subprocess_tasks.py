"""Each part of the measuring, done in a process of its own: its memory is its alone, and all of it ends with it.

    python -P -m voicestream.bench.gpu.subprocess_tasks ORDER

The order is JSON, and so is what is printed at the end.
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
from voicestream.bench.random_models.sizes import Sizes  # noqa: TC001 - likewise
from voicestream.config.engine_settings import EngineSettings
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError, VoicestreamError
from voicestream.protocol import lifeline
from voicestream.supervisor.processes.process import THREAD_VARIABLES, WAITING_VARIABLES, threads_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASKS: Final = {
    "environment": "gpu.environment",
    "make nllb": "random_models.directories",
    "make xtts": "random_models.directories",
    "nllb": "gpu.nllb_latency",
    "transformers": "gpu.baseline_transformers",
    "xtts": "gpu.xtts_latency",
    "coqui": "gpu.baseline_coqui",
}
"""Name of a part: the module below ``voicestream.bench`` whose ``measure`` does it."""


@dataclass(frozen=True)
class TaskRequest:
    """What a part is to do."""

    task: str
    """One of ``PARTS``."""
    models: str
    """Directory with both models, or where they are to be."""
    sizes: Sizes
    """Of the models."""
    compute: str
    """As after ``--compute``."""
    runs: int
    """How often each thing is done."""
    warm_ups: int
    """And how often before, without being counted."""
    with_profile: bool = False
    """Whether to look also where the time of a sentence goes."""
    used_bytes: int | None = None
    """Of the GPU's memory before the part began; None: nobody knows."""


@dataclass(frozen=True)
class TaskResult:
    """What a part has found."""

    figures: tuple[Figure, ...] = ()
    details: dict[str, str] = field(default_factory=dict[str, str])
    """What is to be said besides, by name."""
    answers: dict[str, list[list[int]]] = field(default_factory=dict[str, list[list[int]]])
    """Tokens, by the name of the figure that says how long they took."""


@dataclass(frozen=True)
class _ProcessResult:
    """What a process says when it has ended."""

    found: TaskResult | None = None
    error: str = ""
    hint: str = ""
    exit_code: int = 0


def run_task(request: TaskRequest, environment: Mapping[str, str]) -> TaskResult:
    """Have a part done, in a process that ends with this one.

    Args:
        request: the task and its settings.
        environment: of the process, but for what a worker has besides.

    Raises:
        ConfigurationError: something has to be changed before.
        VoicestreamError: it could not be done.
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
    """As a worker has it."""
    threads = dict.fromkeys(THREAD_VARIABLES, str(threads_for(os.cpu_count() or 1)))
    settings = EngineSettings(models=request.models, compute=request.compute)
    return threads | WAITING_VARIABLES | dict(inherited) | settings.environment()


def main() -> int:
    """Do the part that was ordered."""
    lifeline.die_with(int(sys.argv[1]))
    request = msgspec.json.decode(sys.argv[2], type=TaskRequest)
    measure: Callable[[TaskRequest], TaskResult] = importlib.import_module(
        f"voicestream.bench.{TASKS[request.task]}"
    ).measure
    # Libraries print where the result belongs.
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
