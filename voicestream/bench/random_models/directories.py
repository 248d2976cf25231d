"""Makes the random models, each in its directory below that of an order."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.gpu.subprocess_tasks import Found
from voicestream.bench.random_models import nllb, xtts
from voicestream.bench.random_models.sentences import ANSWER, QUESTION, TARGET
from voicestream.config import languages

if TYPE_CHECKING:
    from voicestream.bench.gpu.subprocess_tasks import Order

SEED: Final = 0


def measure(order: Order) -> Found:
    """Make the one that is ordered."""
    models = Path(order.models)
    if order.part == "make nllb":
        nllb.make(models / nllb.NAME, order.sizes.nllb, [QUESTION, ANSWER], _teach, SEED)
    else:
        xtts.make(
            models / xtts.NAME,
            order.sizes.xtts,
            # Words and the spaces between them are tokens then: about as many as the real model makes of a sentence.
            [order.sizes.spoken, ANSWER.lower()],
            seed=SEED,
            stop_bias=xtts.ALWAYS,
            shares_numbers=order.sizes.shares_numbers,
        )
    return Found()


def _teach(model: Any, tokenizer: Any) -> None:  # noqa: ANN401 - transformers'
    words: list[int] = tokenizer(ANSWER, add_special_tokens=False).input_ids
    language = tokenizer.convert_tokens_to_ids(languages.parse(TARGET).flores)
    nllb.teach(model, [language, *words, nllb.END])
    torch: Any = importlib.import_module("torch")
    # In half precision it is what a GPU computes with, and takes half of the disk.
    model.to(torch.float16)
