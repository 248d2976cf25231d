"""Random NLLB model: the files of facebook/nllb-200-distilled-600M, in any size.

The time of a token does not depend on the weights, but a random output would be rejected by the translation checks. So
a model can be taught one answer, which it then gives to every sentence. It is not trained: its last layer is set to the
order of the tokens.
"""

from __future__ import annotations

import importlib
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from voicestream.bench.random_models.sizes import NllbSize

NAME: Final = "nllb-200-distilled-600M"
"""Name of its directory."""

PAD: Final = 1
END: Final = 2

_PIECES: Final = 700
"""Upper limit of tokens made from letters and words of the texts."""

_RECOGNIZED: Final = 0.15
"""Share of a token in the last layer's input above which it counts as the newest token."""
_LOUDNESS: Final = 100.0
"""Gain of the following token over all others in the last layer."""


def make(directory: Path, size: NllbSize, texts: Iterable[str], train: Callable[[Any, Any], None], seed: int) -> None:
    """Create a model directory as ``save_pretrained`` does.

    Args:
        directory: created by this function.
        size: of the model.
        texts: source of the vocabulary.
        train: receives the model and the tokenizer, and may change the weights.
        seed: of the weights.
    """
    torch: Any = importlib.import_module("torch")
    tokenizer = make_tokenizer(texts, size.vocabulary)
    torch.manual_seed(seed)
    model = make_model(size, len(tokenizer))
    train(model, tokenizer)
    model.eval().save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def make_model(size: NllbSize, vocabulary: int) -> Any:  # noqa: ANN401 - transformers'
    """Create an ``M2M100ForConditionalGeneration`` in memory.

    Args:
        size: of all but the vocabulary.
        vocabulary: number of tokens.
    """
    transformers: Any = importlib.import_module("transformers")
    model = transformers.M2M100ForConditionalGeneration(
        transformers.M2M100Config(
            vocab_size=vocabulary,
            d_model=size.width,
            encoder_layers=size.layers,
            decoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            decoder_attention_heads=size.heads,
            encoder_ffn_dim=size.between,
            decoder_ffn_dim=size.between,
            max_position_embeddings=1024,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
            decoder_start_token_id=END,
            scale_embedding=True,
        )
    )
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=0, decoder_start_token_id=END, eos_token_id=END, pad_token_id=PAD, max_length=200
    )
    return model


def make_tokenizer(texts: Iterable[str], least: int) -> Any:  # noqa: ANN401 - transformers'
    """Create a tokenizer with the languages of NLLB-200.

    Args:
        texts: source of its words.
        least: minimum number of tokens.
    """
    tokenizers: Any = importlib.import_module("tokenizers")
    transformers: Any = importlib.import_module("transformers")
    languages: Any = importlib.import_module("transformers.models.nllb.tokenization_nllb")
    raw = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", fuse_unk=True))  # noqa: S106 - a word of it
    raw.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=_PIECES,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=[*(chr(code) for code in range(33, 127)), "▁"],
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    model = json.loads(raw.to_str())["model"]
    pieces: dict[str, int] = model["vocab"]
    # The language tokens and the mask follow the pieces.
    for number in range(len(pieces), least - len(languages.FAIRSEQ_LANGUAGE_CODES) - 1):
        pieces[f"▁unused{number}"] = number
    return transformers.NllbTokenizer(
        vocab=pieces,
        merges=[tuple(merge) for merge in model["merges"]],
        src_lang="eng_Latn",
        tgt_lang="jpn_Jpan",
    )


def teach(model: Any, tokens: list[int], other_starts: Sequence[int] = ()) -> None:  # noqa: ANN401 - transformers'
    """Set the weights so that a model outputs these tokens in order.

    A feed-forward layer is a list of keys and values: one unit is given to each token, to recognize it and to output
    the next. Before that, the embeddings are rotated so that they are orthogonal.

    Args:
        model: its width is at least the number of all these tokens.
        tokens: the first is the language; all different.
        other_starts: further languages, with the same output after them.
    """
    torch: Any = importlib.import_module("torch")
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        width = embedding.shape[1]
        # Initial scale of M2M-100 (fairseq); at a smaller one a token would be lost in its position embedding.
        embedding.normal_(std=width**-0.5)
        embedding[PAD].zero_()
        known = [*tokens, *other_starts]
        directions = torch.linalg.qr(embedding[known].float().T)[0].T.to(embedding.dtype)
        embedding[known] = directions
        layer = model.get_decoder().layers[-1]
        steps = [
            *itertools.pairwise(directions[: len(tokens)]),
            *((at, directions[1]) for at in directions[len(tokens) :]),
        ]
        for place, (now, then) in enumerate(steps):
            layer.fc1.weight[place] = now
            layer.fc1.bias[place] = -_RECOGNIZED * width**0.5
            layer.fc2.weight[:, place] = then * _LOUDNESS
