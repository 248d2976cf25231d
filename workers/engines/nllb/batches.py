"""Batching shared by both NLLB engines: tokenization, groups of similar length, detokenization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from voicestream.config import languages
from voicestream.engines.translator import Job
from voicestream.errors import UsageError
from voicestream.workers.engines.nllb.search import group_by_limit, output_limit, search_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer

MAX_SOURCE_TOKENS: Final = 512
"""Tokens; NLLB-200 was trained on sentences of up to 512 (arXiv:2207.04672)."""


class Group(NamedTuple):
    """Batch of sentences with one target language and one output limit."""

    rows: list[list[str]]
    """Tokens of each sentence, from ``SubwordTokenizer.encode``."""
    target: str
    """FLORES-200 code."""
    limit: int
    """Maximum output tokens, with the end token, without the language token."""
    search: Search
    is_cancelled: Callable[[], bool]


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
    translate(tokenizer, ["This is a sentence of a usual length."], ("en", "fr"), Job(), decode)


def translate(
    tokenizer: SubwordTokenizer, texts: Sequence[str], pair: tuple[str, str], job: Job, decode: Decode
) -> list[str]:
    """Translate texts from the first to the second language of ``pair``, BCP-47 tags that ``supports`` accepts.

    Raises:
        CancelledError: as for ``decode``.
        ValueError: a text has more than ``MAX_SOURCE_TOKENS``.
    """
    source, target = map(flores_code, pair)
    assert source is not None and target is not None  # noqa: S101, PT018 - the caller checked supports()
    rows = [tokenizer.encode(text, source) for text in texts]
    longest = max(map(len, rows))
    if longest > MAX_SOURCE_TOKENS:
        raise ValueError(f"a sentence of {longest} tokens; NLLB-200 takes {MAX_SOURCE_TOKENS}")
    search = search_for(job)
    translations = [""] * len(texts)
    for indexes in group_by_limit([len(row) for row in rows]):
        limit = output_limit(len(rows[indexes[0]]))
        group = Group([rows[index] for index in indexes], target, limit, search, job.is_cancelled)
        for index, ids in zip(indexes, decode(group), strict=True):
            translations[index] = tokenizer.decode(ids)
    return translations
