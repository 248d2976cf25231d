"""Latency and GPU memory of our NLLB engine, loaded as a worker loads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.profile import profile_run
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.gpu.timing import ignore_progress, times
from voicestream.bench.random_models import nllb_model
from voicestream.bench.random_models.fixed_sentences import ANSWER_TOKENS, QUESTION, SOURCE, TARGET
from voicestream.config import languages

if TYPE_CHECKING:
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

CASES: Final = ((1, 1, 16.0), (1, 5, None), (16, 1, 16.0), (16, 5, 30.0))
"""Sentences, beams, and the goal in milliseconds."""


def measure(request: TaskRequest) -> TaskResult:
    """Measure translation in all cases."""
    from voicestream.workers import engine_loading
    from voicestream.workers.engines.nllb.batches import Group, Row
    from voicestream.workers.engines.nllb.search import Search

    engine: Any = engine_loading.load_translator("nllb", ignore_progress)
    held = gpu_memory.figure("nllb_memory", "NLLB, memory when loaded", request.used_bytes)
    # The goals are for this number of tokens; beam search would continue.
    row = Row(question(Path(request.models) / nllb_model.NAME), flores(TARGET), ANSWER_TOKENS - 1)
    figures: list[Figure] = []
    profiles: list[Figure] = []
    details: dict[str, str] = {}
    answers: dict[str, list[list[int]]] = {}
    for sentences, beams, goal in CASES:
        group = Group([row] * sentences, Search(num_beams=beams), _is_wanted)

        def answer(group: Group = group) -> list[list[int]]:
            return engine._decode_group(group)  # type: ignore[no-any-return]  # noqa: SLF001 - texts end when they like

        name, title = case_name("nllb", sentences, beams), f"NLLB, {case_title(sentences, beams)}"
        samples = times(answer, request.runs, request.warm_ups)
        figures.append(Figure(name=name, title=title, unit="ms", samples=samples, goal=goal))
        answers[name] = answer()
        if request.with_profile:
            looked, details[f"{name} kernels"] = profile_run(
                f"{name}_profile", f"{title}: work on the device", answer, samples
            )
            profiles.append(looked)
    used = gpu_memory.figure("nllb_memory_used", "NLLB, memory after all of these", request.used_bytes)
    details["nllb"] = str(engine.device)
    engine.close()
    return TaskResult((*figures, *profiles, *held, *used), details, answers)


def question(directory: Path) -> list[str]:
    """Return the tokens of the sentence to translate."""
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
    from voicestream.workers.engines.nllb.weights import TOKENIZER

    return SubwordTokenizer(directory / TOKENIZER, "").encode(QUESTION, flores(SOURCE))


def flores(tag: str) -> str:
    """Return NLLB's code of a language."""
    return languages.parse(tag).flores or ""


def case_name(way: str, sentences: int, beams: int) -> str:
    """Return the stable name of a figure."""
    return f"{way}_{sentences}_{'greedy' if beams == 1 else f'{beams}_beams'}"


def case_title(sentences: int, beams: int) -> str:
    """Return the title of a figure."""
    return f"{sentences} sentence{'s' * (sentences > 1)}, {'greedy' if beams == 1 else f'{beams} beams'}"


def _is_wanted() -> bool:
    return False
