"""Batching shared by both NLLB engines: tokenization, groups of similar length, detokenization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from voicestream.config import languages
from voicestream.engines.translator import Job
from voicestream.errors import UsageError
from voicestream.workers.engines.nllb.search import group_by_limit, output_limit, search_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Pair
    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer

MAX_SOURCE_TOKENS: Final = 512
"""Tokens; NLLB-200 was trained on sentences of up to 512 (arXiv:2207.04672)."""


class Row(NamedTuple):
    """Sentence of a group."""

    tokens: list[str]
    """From ``SubwordTokenizer.encode``, the source language first."""
    target: str
    """FLORES-200 code."""
    limit: int
    """Maximum output tokens, with the end token, without the language token."""


class Group(NamedTuple):
    """Batch of sentences that are decoded together; their languages may differ."""

    rows: list[Row]
    search: Search
    is_cancelled: Callable[[], bool]

    @property
    def limit(self) -> int:
        """Largest limit of the rows."""
        return max(row.limit for row in self.rows)


class Decode(Protocol):
    """Decoding of a group into output token ids, in the order of its rows."""

    def __call__(self, group: Group) -> list[list[int]]:
        """Decode.

        Raises:
            CancelledError: ``group.is_cancelled`` returned True.
        """
        ...


def flores_code(tag: str) -> str | None:
    """Return the FLORES-200 code of a BCP-47 tag; None if NLLB-200 does not support it, or it is unknown."""
    try:
        return languages.parse(tag).flores
    except UsageError:
        return None


def supports(source: str, target: str) -> bool:
    """Return whether NLLB-200 supports the languages of both BCP-47 tags."""
    return flores_code(source) is not None and flores_code(target) is not None


def warm_up(tokenizer: SubwordTokenizer, decode: Decode) -> None:
    """Translate one sentence; the first one on a device takes many times longer than later ones."""
    translate(tokenizer, ["This is a sentence of a usual length."], [("en", "fr")], Job(), decode)


def translate(
    tokenizer: SubwordTokenizer,
    texts: Sequence[str],
    pairs: Sequence[Pair],
    job: Job,
    decode: Decode,
    *,
    shared_limit: int = 0,
) -> list[str]:
    """Translate texts, each from the first to the second language of its pair, BCP-47 tags that ``supports`` accepts.

    Args:
        tokenizer: of the model.
        texts: the sentences.
        pairs: languages of each text.
        job: options of the batch.
        decode: decodes a group.
        shared_limit: as for ``group_by_limit``; 0 if ``decode`` needs one limit for all rows of a group.

    Raises:
        CancelledError: as for ``decode``.
        ValueError: a text has more than ``MAX_SOURCE_TOKENS``.
    """
    known = {pair: _codes(pair) for pair in set(pairs)}
    codes = [known[pair] for pair in pairs]
    encoded = tokenizer.encode_all(texts, [source for source, _ in codes])
    longest = max(map(len, encoded))
    if longest > MAX_SOURCE_TOKENS:
        raise ValueError(f"a sentence of {longest} tokens; NLLB-200 takes {MAX_SOURCE_TOKENS}")
    rows = [Row(tokens, target, output_limit(len(tokens))) for tokens, (_, target) in zip(encoded, codes, strict=True)]
    search = search_for(job)
    translations = [""] * len(texts)
    for indexes in group_by_limit([len(row.tokens) for row in rows], search.num_beams, shared_limit):
        group = Group([rows[index] for index in indexes], search, job.is_cancelled)
        for index, ids in zip(indexes, decode(group), strict=True):
            translations[index] = tokenizer.decode(ids)
    return translations


def _codes(pair: Pair) -> tuple[str, str]:
    """Return the FLORES-200 codes of a pair."""
    source, target = map(flores_code, pair)
    assert source is not None and target is not None  # noqa: S101, PT018 - the caller checked supports()
    return source, target
