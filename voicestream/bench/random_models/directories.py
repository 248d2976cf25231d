"""Creation of the random models in their directories (task of the GPU benchmarks)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.random_models import nllb_model, xtts_model
from voicestream.bench.random_models.fixed_sentences import ANSWER, OTHER_TARGETS, QUESTION, TARGET
from voicestream.config import languages

if TYPE_CHECKING:
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

SEED: Final = 0


def measure(request: TaskRequest) -> TaskResult:
    """Create the requested model."""
    models = Path(request.models)
    if request.task == "make nllb":
        nllb_model.make(models / nllb_model.NAME, request.sizes.nllb, [QUESTION, ANSWER], _teach, SEED)
    else:
        xtts_model.make(
            models / xtts_model.NAME,
            request.sizes.xtts,
            # Words and the spaces between them are tokens: about as many as the real model has for a sentence.
            [request.sizes.spoken, ANSWER.lower()],
            seed=SEED,
            stop_bias=xtts_model.ALWAYS,
            shares_numbers=request.sizes.shares_numbers,
        )
    return TaskResult()


def _teach(model: Any, tokenizer: Any) -> None:  # noqa: ANN401 - transformers'
    words: list[int] = tokenizer(ANSWER, add_special_tokens=False).input_ids
    language, *others = (
        tokenizer.convert_tokens_to_ids(languages.parse(tag).flores) for tag in (TARGET, *OTHER_TARGETS)
    )
    nllb_model.teach(model, [language, *words, nllb_model.END], others)
    torch: Any = importlib.import_module("torch")
    # Half precision is computed on a GPU, and takes half of the disk.
    model.to(torch.float16)
