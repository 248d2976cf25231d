"""A tiny NLLB: the layout of facebook/nllb-200-distilled-600M, with weights and a vocabulary that fit a test.

It is trained here, in some seconds, on a few hundred sentences of the kind that agents write, from English to Japanese
and Spanish. So it gives different answers to different sentences, ends where a sentence ends and can be checked like
the real one. It speaks of nothing else: the real weights are in no test of ours.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "nllb-200-distilled-600M"
"""What the tiny one passes for."""

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
PAD, END = 1, 2


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
    from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

    tokenizer = _tokenizer(vocabulary)
    # Threads that wait for each other cost more than so small a model gains.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    configuration = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=d_model,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=ffn,
        decoder_ffn_dim=ffn,
        max_position_embeddings=1024,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        decoder_start_token_id=END,
        scale_embedding=True,
    )
    model = M2M100ForConditionalGeneration(configuration)
    model.generation_config = GenerationConfig(
        bos_token_id=0, decoder_start_token_id=END, eos_token_id=END, pad_token_id=PAD, max_length=200
    )
    _train(model, tokenizer, steps, random.Random(seed))
    model.eval().save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def _tokenizer(least: int) -> Any:  # noqa: ANN401 - transformers'
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    raw = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))  # noqa: S106 - a word of the vocabulary
    raw.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=[*(chr(code) for code in range(33, 127)), "▁"],
        show_progress=False,
    )
    raw.train_from_iterator(itertools.chain.from_iterable(pairs()), trainer)
    model = json.loads(raw.to_str())["model"]
    pieces: dict[str, int] = model["vocab"]
    # The languages and the mask come behind the pieces.
    for number in range(len(pieces), least - len(FAIRSEQ_LANGUAGE_CODES) - 1):
        pieces[f"▁unused{number}"] = number
    return NllbTokenizer(
        vocab=pieces,
        merges=[tuple(merge) for merge in model["merges"]],
        src_lang="eng_Latn",
        tgt_lang="jpn_Jpan",
    )


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
