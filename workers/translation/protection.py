"""Protection of names and glossary terms in a sentence: preparation for the model, and the words to be checked.

Names stay in the sentence, and afterwards it is checked whether each came back (``quality.problem``). For a model that
is known to copy certain words unchanged (``Translator.name_codes``), such a code stands for each term of the glossary,
and in a further attempt for each name that was lost.
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
"""Letters and digits of scripts in which a word ends where they end: not Thai, Khmer, Japanese, Chinese, Korean."""
_KATAKANA: Final = r"[\u30a1-\u30ff]"
_HANGUL: Final = r"[\uac00-\ud7a3]"


@dataclass(frozen=True)
class Prepared:
    """A sentence for the model."""

    text: str
    """Input of the model."""
    words: tuple[str, ...]
    """Words that must occur in the translation, each once, in the order of the text."""
    terms: tuple[str, ...] = ()
    """Those of ``words`` that are terms of the glossary."""
    codes: tuple[tuple[str, str], ...] = ()
    """Codes in ``text``, and what each stands for."""
    plain: str = ""
    """``text`` with what the codes stand for; empty = there are no codes."""

    @property
    def original(self) -> str:
        """The text with which the translation is compared."""
        return self.plain or self.text

    def restored(self, answer: str) -> str:
        """The answer with codes replaced and names repaired."""
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
    """Put the target's terms into a sentence, and say what must come back.

    Where terms, words to keep and names of programs overlap, the longest counts; of equals, the user's term. A term is
    found whatever its case, but only as a whole word or phrase: ``pull request`` is not in ``pull requests``.

    Args:
        text: one sentence of speech text.
        target: BCP-47 tag. A script without Latin letters has its own way to write well-known names: GitHub need not
            come back as such.
        keep: words and phrases that stay as they are.
        glossary: from a term of the source to the term of the target.
        codes: words that the model copies unchanged.
        lost: names that a translation lacked, for which codes are to stand.
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
        # A term of nothing but spaces takes the word out, and nothing is to come back.
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
    """Return the places that are not the model's to translate, in order."""
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
    """A place in a text that is not the model's to translate."""

    start: int
    end: int
    said: str
    """Text that replaces the term for the model."""
    sure: bool
    """The user said so."""
    is_term: bool = False
    """It is a term of the glossary."""


def _occurrences(text: str, terms: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return the occurrences of terms in a text as whole words."""
    folded = text.casefold()
    found: list[tuple[int, int, str]] = []
    for term in terms:
        words = term.split()
        # Most terms are in few sentences, and this is much quicker than to look for them as words.
        if words and words[0].casefold() in folded:
            found += ((*match.span(), term) for match in _whole(words).finditer(text))
    return found


def _whole(words: list[str]) -> re.Pattern[str]:
    """A phrase where it is not part of a longer word, a file name or an identifier."""
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
    # Korean particles are written onto the word: nothing is asked of what follows Hangul.
    return re.compile(f"{start}{phrase}{end}", re.IGNORECASE)


def _is_written_anew(word: str, target: str) -> bool:
    """Return whether a well-known name is transliterated in the target language."""
    if word.lower() not in code_names.SPOKEN:
        return False
    try:
        return languages.parse(target).script not in ("", "Latn")
    except UsageError:
        return False
