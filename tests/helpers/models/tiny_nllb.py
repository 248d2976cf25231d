"""A tiny NLLB: the layout of facebook/nllb-200-distilled-600M, with weights and a vocabulary that fit a test.

It is trained here, in some seconds, on a few hundred sentences of the kind that agents write, from English to Japanese
and Spanish. So it gives different answers to different sentences, ends where a sentence ends and can be checked like
the real one. It speaks of nothing else: the real weights are in no test of ours.
"""

from __future__ import annotations

import itertools
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.random_models import nllb_model
from voicestream.bench.random_models.nllb_model import END, NAME, PAD
from voicestream.bench.random_models.sizes import NllbSize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["END", "NAME", "PAD", "build", "build_all", "convert", "pairs"]

WHO: Final = ("I", "You", "We", "The build", "The server", "The worker", "A client", "The user")
DO: Final = (
    ("run", "実行", "ejecuta"),
    ("fix", "修正", "arregla"),
    ("check", "確認", "revisa"),
    ("read", "読み込み", "lee"),
    ("remove", "削除", "borra"),
    ("update", "更新", "actualiza"),
)
WHAT: Final = (
    ("the tests", "テスト", "las pruebas"),
    ("the file", "ファイル", "el archivo"),
    ("the branch", "ブランチ", "la rama"),
    ("the cache", "キャッシュ", "la memoria"),
    ("the log", "ログ", "el registro"),
    ("two errors", "二つのエラー", "dos errores"),
)

STEPS: Final = 450
BATCH: Final = 48


def pairs() -> Iterator[tuple[str, str, str]]:
    """English, Japanese, Spanish."""
    for who, (do, ja_do, es_do), (what, ja_what, es_what) in itertools.product(WHO, DO, WHAT):
        yield f"{who} will {do} {what} now.", f"今から{ja_what}を{ja_do}します。", f"Ahora se {es_do} {es_what}."


def build(
    directory: Path,
    *,
    steps: int = STEPS,
    seed: int = 0,
    vocabulary: int = 0,
    d_model: int = 64,
    layers: int = 1,
    heads: int = 4,
    ffn: int = 128,
) -> Path:
    """Make a model directory as ``save_pretrained`` does.

    Args:
        directory: is made.
        steps: of training; 0 = random weights.
        seed: of the weights.
        vocabulary: tokens that there are at least.
        d_model: numbers for a token.
        layers: of encoder and decoder each.
        heads: of attention.
        ffn: numbers between the two halves of a layer.
    """
    import torch

    # Threads that wait for each other cost more than so small a model gains.
    torch.set_num_threads(1)
    size = NllbSize(vocabulary=vocabulary, width=d_model, layers=layers, heads=heads, between=ffn)
    nllb_model.make(
        directory,
        size,
        itertools.chain.from_iterable(pairs()),
        lambda model, tokenizer: _train(model, tokenizer, steps, random.Random(seed)),
        seed,
    )
    return directory


def _train(model: Any, tokenizer: Any, steps: int, choose: random.Random) -> None:  # noqa: ANN401 - transformers'
    import torch

    codes = {code: tokenizer.convert_tokens_to_ids(code) for code in ("eng_Latn", "jpn_Jpan", "spa_Latn")}

    def ids(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False).input_ids)

    examples = [
        ([codes["eng_Latn"], *ids(english), END], [codes[code], *ids(other), END])
        for english, japanese, spanish in pairs()
        for code, other in (("jpn_Jpan", japanese), ("spa_Latn", spanish))
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(steps):
        batch = choose.sample(examples, BATCH)
        source = _padded([source for source, _ in batch])
        target = _padded([target for _, target in batch])
        begin = torch.full((BATCH, 1), END)
        loss = model(
            input_ids=source,
            attention_mask=(source != PAD).long(),
            decoder_input_ids=torch.cat([begin, target[:, :-1]], 1),
            labels=target.masked_fill(target == PAD, -100),
        ).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def _padded(rows: list[list[int]]) -> Any:  # noqa: ANN401 - a tensor
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def convert(source: Path, target: Path, quantization: str) -> None:
    """Have CTranslate2 convert a model."""
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(source)).convert(str(target), quantization=quantization)
    shutil.copy(source / "tokenizer.json", target)


def build_all(directory: Path) -> None:
    """Directories of models, each with one model for each engine: ``usual``, ``exact`` and ``random``.

    The first has what is used on a CPU; the second computes with all digits; the third was never trained, hardly ever
    stops, and computes with all digits, too.
    """
    name, converted = NAME, f"{NAME}-int8"
    build(directory / "usual" / name)
    convert(directory / "usual" / name, directory / "usual" / converted, "int8")
    shutil.copytree(directory / "usual" / name, directory / "exact" / name)
    convert(directory / "exact" / name, directory / "exact" / converted, "float32")
    build(directory / "random" / name, steps=0)
    convert(directory / "random" / name, directory / "random" / converted, "float32")


if __name__ == "__main__":
    build_all(Path(sys.argv[1]))
