"""Detection of untranslated output: the original or most of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.text.word_set import word_set

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

_RELATIVES: Final = tuple(
    word_set(line)
    for line in """
    da nb nn sv
    bs hr sr sl
    cs sk
    id ms
    es gl ast pt ca an oc it
    be ru uk
    zh yue
    az azb tr
    af nl
    """.splitlines()
    if line.strip()
)
"""Related languages, in which a correct translation can look like the original."""

_NO_WORD: Final = re.compile(r"[\W_]+")
_WORDS: Final = 3
"""Minimum words of a copy; so many words, two of them in lower case, are not all names."""
_WORDS_OTHER_SCRIPT: Final = 2
_LONG_WORD: Final = 4
_MANY: Final = 4
_MOST_WORDS: Final = 0.9
_MOST_LETTERS: Final = 0.8


def unchanged(pair: Pair) -> str:
    """Check for the original or most of it.

    One word can be a name in any language, and so can two, ``Claude Code``: the check needs lower-case words.
    """
    words, runs = pair.plain_words, pair.runs[0]
    if any(pair.source.base in group and pair.target.base in group for group in _RELATIVES):
        return ""
    same_script = pair.source_script == pair.target_script
    if _NO_WORD.sub("", pair.original.casefold()) == _NO_WORD.sub("", pair.translation.casefold()):
        enough = (
            len(words) >= _WORDS - 1 and len(runs) >= _WORDS
            if same_script
            else len(words) >= 1 and max(len(runs), len(words)) >= _WORDS_OTHER_SCRIPT
        )
        return "it was not translated" if enough else ""
    there = set(pair.runs[1])
    stayed = [word for word in words if word in there]
    if same_script:
        long = [word for word in words if len(word) >= _LONG_WORD]
        if len(long) >= _MANY and sum(word in there for word in long) > _MOST_WORDS * len(long):
            return "it was hardly translated"
    elif len(stayed) >= _MANY and len(stayed) > _MOST_WORDS * len(words):
        # A list of packages remains unchanged, in contrast to the words around it.
        return "it was hardly translated" if _share(stayed, there) > _MOST_LETTERS else ""
    return ""


def _share(some: list[str], everything: set[str]) -> float:
    """Return the share of the letters of some words in those of all words."""
    return sum(map(len, set(some))) / sum(map(len, everything))
