"""Text normalization of written ordinals: 1st, 2e, 3., 4-й, 5th."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers.ordinals import ordinal

_ENGLISH: Final = re.compile(r"(?<![A-Za-z0-9])(?<!\d[.,])(\d{1,9})(st|nd|rd|th)(?![A-Za-z0-9])")
"""English ordinals, which agents write in texts of any language."""

_BEFORE: Final = r"(?<![A-Za-z0-9-])(?<!\d[.,])"
_DOT: Final = re.compile(rf"{_BEFORE}(\d{{1,3}})(\.)(?=\s[^\W\d_])")
"""A number with a full stop within a sentence is an ordinal, because sentences are already split."""

_PATTERNS: Final = {
    "cs": (_DOT,),
    "de": (_DOT,),
    "es": (re.compile(rf"{_BEFORE}(\d{{1,4}})\.?(er|[rdtmvn]?[oa])s?(?!\w)"),),
    "fr": (re.compile(rf"{_BEFORE}(\d{{1,4}})(er|ère|ere|re|ème|eme|ième|e|nde|nd)s?(?!\w)"),),
    "hi": (re.compile(rf"{_BEFORE}(\d{{1,4}})\s?(ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे|वाँ|वां|वीं|वें)(?!\w)"),),
    "hu": (_DOT, re.compile(rf"{_BEFORE}(\d{{1,4}})-?([aeoö]?dik|ik)(?!\w)")),
    "it": (
        re.compile(rf"{_BEFORE}(\d{{1,4}})([oa])(?!\w)"),
        re.compile(rf"{_BEFORE}(\d{{1,2}})(°)(?=\s(?!di\b)[a-zà-ù])"),
    ),
    "nl": (re.compile(rf"{_BEFORE}(\d{{1,4}})(ste|de|e)(?!\w)"),),
    "pl": (_DOT,),
    "pt": (re.compile(rf"{_BEFORE}(\d{{1,4}})\.?([oa])s?(?!\w)"),),
    "ru": (re.compile(rf"{_BEFORE}(\d{{1,4}})-(ый|ой|й|ая|я|ое|е|ого|го|ом|м)(?!\w)"),),
    "tr": (_DOT, re.compile(rf"{_BEFORE}(\d{{1,4}})'?([iıuü]?nc[iıuü])(?!\w)")),
}
_FORMS: Final = {
    "a": "feminine",
    "ra": "feminine",
    "da": "feminine",
    "ta": "feminine",
    "ma": "feminine",
    "va": "feminine",
    "na": "feminine",
    "re": "feminine",
    "ère": "feminine",
    "ere": "feminine",
    "nde": "feminine",
    "я": "feminine",
    "ая": "feminine",
    "е": "neuter",
    "ое": "neuter",
    "го": "genitive",
    "ого": "genitive",
    "м": "locative",
    "ом": "locative",
    "ली": "feminine",
    "री": "feminine",
    "थी": "feminine",
    "ठी": "feminine",
    "वीं": "feminine",
}
_SHORTENED: Final = re.compile(r"(?<=(?:prime|terce)r)o\Z")
"""Spanish apocope: primer, tercer."""
_GERMAN_CASES: Final = re.compile(
    r"(?:\A|\s)(?:am|vom|zum|beim|im|dem|den|des|zur|ab|bis|seit|einem|einen|einer|mit|ein)\s\Z", re.IGNORECASE
)

_LONGEST_CASE: Final = 10
"""Upper bound of the length of a match of ``_GERMAN_CASES``."""


def german_ending(before: str) -> str:
    """Return the ending of a German ordinal after these words, without its ``e``."""
    case = _GERMAN_CASES.search(before, max(0, len(before) - _LONGEST_CASE))
    return "" if case is None else "r" if case[0].strip().lower() == "ein" else "n"


def say_ranks(text: str, language: str) -> str:
    """Normalize written ordinals.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _ENGLISH.sub(functools.partial(_said, language=language), text)
    for pattern in _PATTERNS.get(language[:2], ()):
        text = pattern.sub(functools.partial(_said, language=language), text)
    return text


def _said(found: re.Match[str], *, language: str) -> str:
    said = ordinal(int(found[1]), language, _FORMS.get(found[2], "masculine"))
    if language == "es" and found[2] == "er":
        said = _SHORTENED.sub("", said)
    if language == "de":
        said += german_ending(found.string[: found.start()])
    return splice(found, said, language)
