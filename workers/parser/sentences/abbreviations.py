"""Is the full stop after this word the end of a sentence? Words of the languages agents write in.

Three kinds are enough: words that are never last, words that are not last when a number follows, and words that are
last exactly when the next sentence begins with a capital.
"""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.parser.wording.language import detect
from voicestream.workers.text.word_set import word_set

NEVER_LAST: Final = word_set(
    """
    mr mrs ms mx st mt dr prof gen sen rep gov hon rev capt col lt sgt messrs hr fr herr sr sra dra mme mlle vs cf viz
    approx incl excl esp resp aprox e.g i.e eg ie n.b z.b d.h u.a o.ä o.g i.d.r z.t u.u s.o s.u m.e v.a bzw
    evtl ggf inkl exkl vgl bspw sog zzgl ca ggü p.ej p.ex núms cía
    """
)

NOT_LAST_BEFORE_A_NUMBER: Final = word_set(
    """
    no nos nr nrs fig figs sec secs eq eqs ch chap vol p pp pg art ref refs tab ver v abb abs kap pág págs núm n
    ln jan feb mar apr jun jul aug sep sept oct nov dec
    """
)

LAST_BEFORE_A_CAPITAL: Final = word_set(
    """
    etc al inc ltd corp co jr bros max min avg dept est ext misc temp tel ave env usw ej ph.d m.sc b.sc
    """
)

_INITIALS: Final = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
"""``p.m``, ``U.S``, ``o.k``: letters with a stop between each two."""

_ALSO_BEFORE_A_CAPITAL: Final = frozenset({"u.s", "u.k", "u.n", "e.u"})
"""Names of states, more often followed by a name (U.S. Senate) than by a new sentence."""

_SPACED: Final = frozenset("zduosimv")
"""German ones written with a space, ``z. B.``: their first letters."""
_SPACED_BEFORE: Final = re.compile(r"[zduosi]\.")

_PAIRS: Final = frozenset({("p", "ex"), ("p", "ej"), ("a", "m"), ("p", "m")})
"""French and Spanish ones written with a space: ``p. ex.``, ``p. ej.``, ``a las 3 p. m.``"""
_PAIR_BEGINNINGS: Final = frozenset((first, second[0]) for first, second in _PAIRS)
_LONGEST_OF_A_PAIR: Final = 2
_PAIRS_OF_HOURS: Final = frozenset("m")
"""Second letters of those that follow a number, and that may be last."""

_LABELS: Final = word_set(
    """
    option plan step part section phase appendix variant case type class version item point question task team
    level grade group column row drive vitamin solution approach
    """
)
"""After these a single capital letter is a name of its own, not a person's initial: "We take Option B. Then …"."""

_LONGEST_ORDINAL: Final = 3
"""Digits of a number that may open a list item; four are a year."""
_LONGEST_GERMAN_ORDINAL: Final = 2
"""``am 24. Dezember``."""


def ends_after(word: str, before: str, following: str, *, language: str = "") -> bool:  # noqa: PLR0911 - a table
    """Whether the full stop after ``word`` ends the sentence.

    Args:
        word: What stands directly before the stop, without it; never empty.
        before: The sentence up to the word.
        following: The first character after the stop and the space.
        language: Of the sentence before.
    """
    capital = following.isupper() or following.istitle()
    lower = following.islower()
    key = word.lower()
    if key in NEVER_LAST:
        return False
    if key in NOT_LAST_BEFORE_A_NUMBER and following.isdigit():
        return False
    if key in LAST_BEFORE_A_CAPITAL:
        return not lower
    if len(key) <= _LONGEST_OF_A_PAIR and (ends := _ends_after_pair(key, before, following)) is not None:
        return ends
    if len(word) == 1 and word.isalpha():
        return _ends_after_letter(word, before, following, language=language)
    if _INITIALS.fullmatch(word):
        return not lower and not (capital and key in _ALSO_BEFORE_A_CAPITAL)
    if word.isdigit():
        return _ends_after_number(word, before, lower=lower, language=language)
    return True


def _ends_after_pair(key: str, before: str, following: str) -> bool | None:
    """The same for a word of ``_PAIRS``; None: it is none."""
    previous = "".join(before.split()[-1:])
    if (previous.lstrip("(").rstrip("."), key) in _PAIRS:
        return key in _PAIRS_OF_HOURS and not following.islower()
    if (key, following) in _PAIR_BEGINNINGS:
        # "at 3 p. m.", and not "rename x to p. make runs it".
        return following in _PAIRS_OF_HOURS and not previous[-1:].isdigit()
    return None


def _ends_after_letter(letter: str, before: str, following: str, *, language: str) -> bool:
    lower, capital = following.islower(), following.isupper() or following.istitle()
    previous = before.split()[-1:]
    if not previous:
        return False  # "a. first" and "J. Smith": an enumeration or an initial opens the sentence
    if letter.lower() in _SPACED and detect(before, language, default=language).startswith("de"):
        return False
    if _SPACED_BEFORE.fullmatch(previous[0]):
        return False
    if letter.islower():
        return True
    if lower:
        return False
    name = previous[0].lstrip("(\"'*_[")
    initial = name[:1].isupper() and name.lower() not in _LABELS
    return not (capital and initial)


def _ends_after_number(number: str, before: str, *, lower: bool, language: str) -> bool:
    opens = not before.strip() or before.rstrip().endswith(":")
    if opens and (lower or len(number) <= _LONGEST_ORDINAL):
        return False
    if number != "1" and f" {int(number) - 1}. " in f" {before}":
        return False  # "1. this 2. that": an enumeration within the line
    if len(number) > _LONGEST_GERMAN_ORDINAL:
        return True
    return not detect(before, language, default=language).startswith("de")
