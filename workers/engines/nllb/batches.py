"""What both NLLB engines do alike with a batch: pieces of words, groups of one length, and words again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from voicestream.config import languages
from voicestream.engines.translator import Job
from voicestream.errors import UsageError
from voicestream.workers.engines.nllb.search import answer_limit, groups, search_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.engines.nllb.tokenizer import Vocabulary

LONGEST_SOURCE: Final = 512
"""Tokens. NLLB-200 was trained on sentences of up to 512 (arXiv:2207.04672); more make no sense to it."""


class Group(NamedTuple):
    """Sentences that are decoded together."""

    rows: list[list[str]]
    """The tokens of each, as ``Vocabulary.encode`` returns them."""
    target: str
    """FLORES-200 code."""
    limit: int
    """Tokens an answer may have, its end included, the language in front of it not."""
    search: Search
    is_cancelled: Callable[[], bool]


class Answer(Protocol):
    """Decodes a group: the numbers of each answer's tokens, in the order of its rows."""

    def __call__(self, group: Group) -> list[list[int]]:
        """Decode.

        Raises:
            CancelledError: ``group.is_cancelled`` said so.
        """
        ...


def code_of(tag: str) -> str | None:
    """FLORES-200 code of a language; None if NLLB-200 does not have it, or nobody knows it."""
    try:
        return languages.parse(tag).flores
    except UsageError:
        return None


def supports(source: str, target: str) -> bool:
    """Whether NLLB-200 has the languages of both BCP-47 tags."""
    return code_of(source) is not None and code_of(target) is not None


def warm_up(vocabulary: Vocabulary, answer: Answer) -> None:
    """Translate one sentence: the first on a device takes many times as long as all later ones."""
    translate(vocabulary, ["This is a sentence of a usual length."], ("en", "fr"), Job(), answer)


def translate(
    vocabulary: Vocabulary, texts: Sequence[str], pair: tuple[str, str], job: Job, answer: Answer
) -> list[str]:
    """The texts in the other language of ``pair``, two BCP-47 tags that ``supports`` said yes to; in their order.

    Raises:
        CancelledError: as for ``answer``.
        ValueError: one of the texts is longer than NLLB can take.
    """
    source, target = map(code_of, pair)
    assert source is not None and target is not None  # noqa: S101, PT018 - supports() was asked
    rows = [vocabulary.encode(text, source) for text in texts]
    longest = max(map(len, rows))
    if longest > LONGEST_SOURCE:
        raise ValueError(f"a sentence of {longest} tokens; NLLB-200 takes {LONGEST_SOURCE}")
    search = search_for(job)
    answers = [""] * len(texts)
    for indexes in groups([len(row) for row in rows]):
        limit = answer_limit(len(rows[indexes[0]]))
        group = Group([rows[index] for index in indexes], target, limit, search, job.is_cancelled)
        for index, ids in zip(indexes, answer(group), strict=True):
            answers[index] = vocabulary.decode(ids)
    return answers
