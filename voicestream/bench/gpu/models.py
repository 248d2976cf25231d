"""Makes the random models, each in its directory below that of an order."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream import languages
from voicestream.bench.gpu import random_nllb, random_xtts
from voicestream.bench.gpu.parts import Found
from voicestream.bench.gpu.sentences import ANSWER, QUESTION, TARGET

if TYPE_CHECKING:
    from voicestream.bench.gpu.parts import Order

SEED: Final = 0


def measure(order: Order) -> Found:
    """Make the one that is ordered."""
    models = Path(order.models)
    if order.part == "make nllb":
        random_nllb.make(models / random_nllb.NAME, order.sizes.nllb, [QUESTION, ANSWER], _teach, SEED)
    else:
        random_xtts.make(
            models / random_xtts.NAME,
            order.sizes.xtts,
            # Words and the spaces between them are tokens then: about as many as the real model makes of a sentence.
            [order.sizes.spoken, ANSWER.lower()],
            seed=SEED,
            stop_bias=random_xtts.ALWAYS,
            shares_numbers=order.sizes.shares_numbers,
        )
    return Found()


def _teach(model: Any, tokenizer: Any) -> None:  # noqa: ANN401 - transformers'
    words: list[int] = tokenizer(ANSWER, add_special_tokens=False).input_ids
    language = tokenizer.convert_tokens_to_ids(languages.parse(TARGET).flores)
    random_nllb.teach(model, [language, *words, random_nllb.END])
    torch: Any = importlib.import_module("torch")
    # In half precision it is what a GPU computes with, and takes half of the disk.
    model.to(torch.float16)
