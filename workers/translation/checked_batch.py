"""Checked translation of a batch: preparation, quality checks and retries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.engines.translator import Made, translate_pairs
from voicestream.workers.translation import quality
from voicestream.workers.translation.protection import Prepared, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicestream.engines.translator import Job, Pair, Translator
    from voicestream.protocol.messages import TranslationOptions

ATTEMPTS: Final = 3
"""Maximum number of attempts.

The first uses the plain text. The second uses codes for lost names and another decoding. The third is made only if
another name, or a glossary term, was lost; it omits the term.
"""


class Source(NamedTuple):
    """Sentence to translate."""

    text: str
    pair: Pair
    options: TranslationOptions
    """Words to be protected."""


@dataclass
class _Sentence:
    """Sentence without a usable translation yet."""

    source: Source
    prepared: Prepared
    lost: tuple[str, ...] = ()
    """Names missing in earlier translations."""
    has_lost_more: bool = False
    """True if the last translation lacked a name that had no code yet."""
    lacks_term: bool = False
    """True if the last translation lacked a glossary term."""


def translate(translator: Translator, sources: Sequence[Source], job: Job) -> list[Made]:
    """Translate sentences; return usable translations, or the reasons for failures.

    A term of the glossary that the model loses costs the term, not the sentence.

    Args:
        translator: the engine.
        sources: the sentences, of any pairs that the engine supports.
        job: of the first attempt.

    Raises:
        CancelledError and others: as ``Translator.translate`` does.
    """
    codes: Sequence[str] = getattr(translator, "name_codes", ())
    made = [Made(source.text) for source in sources]
    waiting = {
        index: _Sentence(source, _prepared(source, source.options.glossary, codes))
        for index, source in enumerate(sources)
        if quality.is_worth_translating(source.text)
    }
    for attempt in range(ATTEMPTS):
        waiting = _due(waiting, attempt, codes)
        if not waiting:
            break
        asked = [sentence.prepared.text for sentence in waiting.values()]
        pairs = [sentence.source.pair for sentence in waiting.values()]
        answers = translate_pairs(translator, asked, pairs, replace(job, is_second_try=True) if attempt else job)
        for (index, sentence), answer in zip(waiting.items(), answers, strict=True):
            made[index] = _checked(sentence, answer)
        waiting = {index: sentence for index, sentence in waiting.items() if made[index].failure}
    return made


def _prepared(source: Source, glossary: Mapping[str, str], codes: Sequence[str], lost: Sequence[str] = ()) -> Prepared:
    return prepare(source.text, source.pair[1], source.options.keep, glossary, codes=codes, lost=lost)


def _due(waiting: Mapping[int, _Sentence], attempt: int, codes: Sequence[str]) -> dict[int, _Sentence]:
    """Return the sentences of an attempt, prepared for it."""
    if attempt == 0:
        return dict(waiting)
    is_last = attempt == ATTEMPTS - 1
    due = {
        index: sentence
        for index, sentence in waiting.items()
        if not is_last or sentence.lacks_term or (sentence.has_lost_more and codes)
    }
    for sentence in due.values():
        glossary = {} if is_last and sentence.lacks_term else sentence.source.options.glossary
        sentence.prepared = _prepared(sentence.source, glossary, codes, sentence.lost)
    return due


def _checked(sentence: _Sentence, answer: str) -> Made:
    """Return a translation with its names repaired, and the reason if it is unusable."""
    prepared = sentence.prepared
    text = prepared.restored(answer)
    problem = quality.problem(prepared.original, text, *sentence.source.pair, prepared.words)
    missing = quality.missing_words(text, prepared.words) if problem else []
    names = [word for word in missing if word not in prepared.terms]
    sentence.has_lost_more = any(word not in sentence.lost for word in names)
    sentence.lost = (*sentence.lost, *names)
    sentence.lacks_term = any(word in prepared.terms for word in missing)
    return Made(text, f"the translation was not usable: {problem}" if problem else "")
