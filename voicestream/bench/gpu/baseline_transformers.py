"""Baseline of transformers with the same model, device and dtype."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.nllb_latency import CASES, case_name, case_title, flores, question
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.gpu.timing import times
from voicestream.bench.random_models import nllb_model
from voicestream.bench.random_models.fixed_sentences import ANSWER_TOKENS, TARGET

if TYPE_CHECKING:
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest


def measure(request: TaskRequest) -> TaskResult:
    """Measure ``generate`` in all cases."""
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
    from voicestream.workers.engines.nllb.weights import TOKENIZER
    from voicestream.workers.inference import device

    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    chosen = device.choose(request.compute)
    directory = Path(request.models) / nllb_model.NAME
    model = transformers.M2M100ForConditionalGeneration.from_pretrained(directory, dtype=chosen.dtype)
    model = model.eval().to(chosen.name)
    model.generation_config.max_length = None
    vocabulary = SubwordTokenizer(directory / TOKENIZER, "")
    row = vocabulary.token_ids(question(directory))
    figures: list[Figure] = []
    answers: dict[str, list[list[int]]] = {}
    for sentences, beams, _ in CASES:
        ids = torch.tensor([row] * sentences, device=chosen.name)

        def generate(ids: Any = ids, beams: int = beams) -> Any:  # noqa: ANN401 - tensors
            with torch.inference_mode():
                return model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    forced_bos_token_id=vocabulary.token_id(flores(TARGET)),
                    do_sample=False,
                    num_beams=beams,
                    max_new_tokens=ANSWER_TOKENS,
                )

        name = case_name("transformers", sentences, beams)
        title = f"transformers, {case_title(sentences, beams)}"
        figures.append(
            Figure(name=name, title=title, unit="ms", samples=times(generate, request.runs, request.warm_ups))
        )
        # The prompt is the beginning of each answer.
        answers[name] = generate()[:, 1:].tolist()
    held = gpu_memory.figure("transformers_memory", "transformers, memory after all of these", request.used_bytes)
    return TaskResult((*figures, *held), {"transformers": f"{chosen.name} {chosen.dtype_name}"}, answers)
