"""Latency and GPU memory of our XTTS engine, loaded as a worker loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.profile import profile_run
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.gpu.timing import ignore_progress, streamed
from voicestream.bench.random_models.fixed_sentences import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

FIRST_GOAL_MILLISECONDS: Final = 15.0
WHOLE_GOAL_MILLISECONDS: Final = 60.0


def measure(request: TaskRequest) -> TaskResult:
    """Measure synthesis: first chunk and whole sentence."""
    from voicestream.workers import engine_loading
    from voicestream.workers.engines.xtts.end_detection import TOKEN_SECONDS
    from voicestream.workers.engines.xtts.synthesis import FIRST_CHUNKS

    engine: Any = engine_loading.load_synthesizer("xtts", ignore_progress)
    held = gpu_memory.figure("xtts_memory", "XTTS, memory when loaded", request.used_bytes)

    def speak() -> Iterator[NDArray[np.float32]]:
        return engine.synthesize(request.sizes.spoken, SOURCE, "", 1)  # type: ignore[no-any-return]

    firsts, wholes, samples = streamed(speak, request.runs, request.warm_ups)
    seconds = samples / engine.sample_rate
    figures = (
        Figure(
            name="xtts_first",
            title=f"XTTS, first chunk ({FIRST_CHUNKS[0]} tokens)",
            unit="ms",
            samples=firsts,
            goal=FIRST_GOAL_MILLISECONDS,
        ),
        Figure(
            name="xtts_whole",
            title=f"XTTS, a sentence of {seconds:.1f} s",
            unit="ms",
            samples=wholes,
            goal=WHOLE_GOAL_MILLISECONDS,
        ),
    )
    details = {"xtts tokens": f"{seconds / TOKEN_SECONDS:.1f} in a sentence ({request.sizes.spoken_tokens} were meant)"}
    profiles: tuple[Figure, ...] = ()
    if request.with_profile:
        looked, details["xtts kernels"] = profile_run(
            "xtts_profile", "XTTS, the sentence: work on the device", lambda: list(speak()), wholes
        )
        profiles = (looked,)
    used = gpu_memory.figure("xtts_memory_used", "XTTS, memory after all of these", request.used_bytes)
    details["xtts"] = str(engine.device)
    engine.close()
    return TaskResult((*figures, *profiles, *held, *used), details)
