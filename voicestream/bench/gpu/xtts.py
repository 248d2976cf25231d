"""Our XTTS engine, loaded as a worker loads it: first sound, the whole sentence, and memory of the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.null_callbacks import tell_nobody
from voicestream.bench.gpu.profile import look
from voicestream.bench.gpu.subprocess_tasks import Found
from voicestream.bench.gpu.timing import streamed
from voicestream.bench.random_models.sentences import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.bench.gpu.subprocess_tasks import Order

FIRST_GOAL_MILLISECONDS: Final = 15.0
WHOLE_GOAL_MILLISECONDS: Final = 60.0


def measure(order: Order) -> Found:
    """Speak."""
    from voicestream.workers import engine_loading
    from voicestream.workers.engines.xtts.end_detection import TOKEN_SECONDS
    from voicestream.workers.engines.xtts.synthesis import FIRST_PIECES

    engine: Any = engine_loading.load_synthesizer("xtts", tell_nobody)
    held = gpu_memory.figure("xtts_memory", "XTTS, memory when loaded", order.used_bytes)

    def speak() -> Iterator[NDArray[np.float32]]:
        return engine.synthesize(order.sizes.spoken, SOURCE, "", 1)  # type: ignore[no-any-return]

    firsts, wholes, samples = streamed(speak, order.runs, order.warm_ups)
    seconds = samples / engine.sample_rate
    figures = (
        Figure(
            name="xtts_first",
            title=f"XTTS, first chunk ({FIRST_PIECES[0]} tokens)",
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
    facts = {"xtts tokens": f"{seconds / TOKEN_SECONDS:.1f} in a sentence ({order.sizes.spoken_tokens} were meant)"}
    profiles: tuple[Figure, ...] = ()
    if order.with_profile:
        looked, facts["xtts kernels"] = look(
            "xtts_profile", "XTTS, the sentence: work on the device", lambda: list(speak()), wholes
        )
        profiles = (looked,)
    used = gpu_memory.figure("xtts_memory_used", "XTTS, memory after all of these", order.used_bytes)
    facts["xtts"] = str(engine.device)
    engine.close()
    return Found((*figures, *profiles, *held, *used), facts)
