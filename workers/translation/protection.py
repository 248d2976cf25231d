"""Protection of names and glossary terms in a sentence: preparation for the model, and the words to be checked.

Names stay in the sentence, and ``quality.problem`` checks that each is in the translation. If the model is known to
copy certain words unchanged (``Translator.name_codes``), such a code replaces each glossary term, and in a retry each
lost name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.config import languages
from voicestream.errors import UsageError
from voicestream.workers.translation import code_names
from voicestream.workers.translation.repair import repair, substitute

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

_LETTERS: Final = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
"""Letters and digits of scripts with word boundaries: not Thai, Khmer, Japanese, Chinese, Korean."""
_KATAKANA: Final = r"[\u30a1-\u30ff]"
_HANGUL: Final = r"[\uac00-\ud7a3]"


@dataclass(frozen=True)
class Prepared:
    """Sentence prepared for the model."""

    text: str
    """Input of the model."""
    words: tuple[str, ...]
    """Words that must occur in the translation, each once, in the order of the text."""
    terms: tuple[str, ...] = ()
    """Words among ``words`` that are glossary terms."""
    codes: tuple[tuple[str, str], ...] = ()
    """Codes in ``text``, with the words that they replace."""
    plain: str = ""
    """``text`` with the codes replaced by their words; empty = there are no codes."""

    @property
    def original(self) -> str:
        """Text with which the translation is compared."""
        return self.plain or self.text

    def restored(self, answer: str) -> str:
        """Return the translation with codes replaced and names repaired."""
        for code, word in self.codes:
            answer = substitute(answer, code, word)
        return repair(answer, self.words)


def prepare(
    text: str,
    target: str,
    keep: Sequence[str],
    glossary: Mapping[str, str],
    *,
    codes: Sequence[str] = (),
    lost: Container[str] = (),
) -> Prepared:
    """Insert the target's glossary terms into a sentence, and collect the words required in the translation.

    Of overlapping terms, words to keep and code names, the longest is used; of equals, the user's term. Terms match in
    any case, but only as whole words or phrases: ``pull request`` is not in ``pull requests``.

    Args:
        text: one sentence of speech text.
        target: BCP-47 tag. Scripts without Latin letters transliterate well-known names: GitHub is not required.
        keep: words and phrases to be kept unchanged.
        glossary: from a term of the source to the term of the target.
        codes: words that the model copies unchanged.
        lost: names missing in an earlier translation, to be replaced by codes.
    """
    chosen = _chosen(text, keep, glossary)
    free = [code for code in codes if code.casefold() not in text.casefold()]
    given: dict[str, str] = {}
    pieces: list[str] = []
    plain: list[str] = []
    words: list[str] = []
    done = 0
    for mark in chosen:
        is_wanted = bool(mark.said.strip()) and (mark.is_term or mark.said in lost)
        if is_wanted and mark.said not in given and len(given) < len(free):
            given[mark.said] = free[len(given)]
        pieces += (text[done : mark.start], given.get(mark.said, mark.said))
        plain += (text[done : mark.start], mark.said)
        done = mark.end
        # A term of spaces only removes the word, and nothing is required.
        if mark.said.strip() and (mark.sure or not _is_written_anew(mark.said, target)):
            words.append(mark.said)
    terms = {mark.said for mark in chosen if mark.is_term}
    wanted = tuple(dict.fromkeys(words))
    return Prepared(
        "".join(pieces) + text[done:],
        wanted,
        tuple(word for word in wanted if word in terms),
        tuple((code, word) for word, code in given.items()),
        "".join(plain) + text[done:] if given else "",
    )


def _chosen(text: str, keep: Sequence[str], glossary: Mapping[str, str]) -> list[_Mark]:
    """Return the spans that are not to be translated, in order."""
    marks = [
        *(
            _Mark(start, end, glossary[term], sure=True, is_term=True)
            for start, end, term in _occurrences(text, glossary)
        ),
        *(_Mark(start, end, text[start:end], sure=True) for start, end, _ in _occurrences(text, keep)),
        *(_Mark(start, end, text[start:end], sure=False) for start, end in code_names.spans(text)),
    ]
    # Sorting is stable: of equals the first stays the first.
    marks.sort(key=lambda mark: mark.start - mark.end)
    chosen: list[_Mark] = []
    taken = bytearray(len(text))
    for mark in marks:
        if not any(taken[mark.start : mark.end]):
            chosen.append(mark)
            taken[mark.start : mark.end] = bytes([1]) * (mark.end - mark.start)
    return sorted(chosen)


class _Mark(NamedTuple):
    """Span of a text that is not to be translated."""

    start: int
    end: int
    said: str
    """Text that replaces the term for the model."""
    sure: bool
    """True if the user specified it."""
    is_term: bool = False
    """True if it is a glossary term."""


def _occurrences(text: str, terms: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return the occurrences of terms in a text as whole words."""
    folded = text.casefold()
    found: list[tuple[int, int, str]] = []
    for term in terms:
        words = term.split()
        # Most terms are in few sentences, and a substring test is much faster than the search for whole words.
        if words and words[0].casefold() in folded:
            found += ((*match.span(), term) for match in _whole(words).finditer(text))
    return found


def _whole(words: list[str]) -> re.Pattern[str]:
    """Return the pattern of a phrase that is not part of a longer word, a file name or an identifier."""
    phrase = r"\s+".join(map(re.escape, words))
    before, after = words[0][0], words[-1][-1]
    start = end = ""
    if re.match(_LETTERS, before):
        start = rf"(?<!{_LETTERS})(?<!{_LETTERS}[-.@])"
    elif re.match(_KATAKANA, before):
        start = rf"(?<!{_KATAKANA})"
    elif re.match(_HANGUL, before):
        start = rf"(?<!{_HANGUL})"
    if re.match(_LETTERS, after):
        end = rf"(?!{_LETTERS})(?![-.@]{_LETTERS})"
    elif re.match(_KATAKANA, after):
        end = rf"(?!{_KATAKANA})"
    # Korean particles are attached to the word: the text after Hangul is not checked.
    return re.compile(f"{start}{phrase}{end}", re.IGNORECASE)


def _is_written_anew(word: str, target: str) -> bool:
    """Return whether a well-known name is transliterated in the target language."""
    if word.lower() not in code_names.SPOKEN:
        return False
    try:
        return languages.parse(target).script not in ("", "Latn")
    except UsageError:
        return False
