"""Our XTTS engine, loaded as a worker loads it: first sound, the whole sentence, and memory of the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import memory
from voicestream.bench.gpu.parts import Found
from voicestream.bench.gpu.sentences import SOURCE, SPOKEN, SPOKEN_TOKENS
from voicestream.bench.gpu.timing import streamed

if TYPE_CHECKING:
    from voicestream.bench.gpu.parts import Order

FIRST_GOAL_MILLISECONDS: Final = 15.0
WHOLE_GOAL_MILLISECONDS: Final = 60.0


def measure(order: Order) -> Found:
    """Speak."""
    from voicestream.workers import engines
    from voicestream.workers.tts.xtts.ending import TOKEN_SECONDS
    from voicestream.workers.tts.xtts.speaking import FIRST_PIECES

    engine: Any = engines.load_synthesizer("xtts", _tell_nobody)
    held = memory.figure("xtts_memory", "XTTS, memory when loaded", order.used_bytes)
    firsts, wholes, samples = streamed(lambda: engine.synthesize(SPOKEN, SOURCE, "", 1), order.runs)
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
        *held,
        *memory.figure("xtts_memory_used", "XTTS, memory after all of these", order.used_bytes),
    )
    tokens = f"{seconds / TOKEN_SECONDS:.1f} tokens of sound in a sentence ({SPOKEN_TOKENS} were meant)"
    device = str(engine.device)
    engine.close()
    return Found(figures, {"xtts": f"{device}, {tokens}"})


def _tell_nobody(_stage: str, _progress: float | None) -> None:
    """Nobody waits for this to load."""
