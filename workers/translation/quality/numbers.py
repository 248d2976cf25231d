"""Number check: all numbers of the original must be in the translation, and no others."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from voicestream.workers.translation.quality import han_numerals
from voicestream.workers.translation.quality.number_words import LARGE, SCALES, SMALL
from voicestream.workers.translation.quality.numerals import Numeral, numerals
from voicestream.workers.translation.quality.pair import HAN

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

_ALWAYS_WORDS: Final = frozenset(("0", "1", "2"))
"""Numbers with too many verbal forms to list: a, once, both, the dual of Arabic."""
_SMALL: Final = frozenset(map(str, range(13)))
"""Numbers that can be words in one language and digits in the other."""


def wrong_number(pair: Pair) -> str:
    """Check for missing or invented numbers.

    NLLB-200 drops and changes digits (reported by users). What is no mistake: other marks between the digits (1,000 is
    1.000 or 1 000), digits of other scripts, 1.5 million as 150万, 3 p.m. as 15:00, numbers up to twelve as words.
    """
    mine = numerals(pair.original, pair.source.base)
    theirs = numerals(pair.translation, pair.target.base)
    if (not mine and not theirs) or pair.original == pair.translation:
        return ""
    if pair.source.base not in SCALES or pair.target.base not in SCALES:
        mine, theirs = _unscaled(mine), _unscaled(theirs)
    here, there = _values(mine), _values(theirs)
    # With as many digits as before and a small number that is new, the old one did not become a word.
    swapped = len(mine) == len(theirs) and any(not _supplies(here, number) for number in theirs)
    for number in mine:
        if not _supplies(there, number) and not _is_word(number, pair, swapped=swapped):
            what = "" if any(map(str.isalpha, number.shown[:1])) else "the number "
            return f"{what}{number.shown} is missing"
    new = [number for number in theirs if not number.readings & _SMALL and not _supplies(here, number)]
    if not new or pair.source.base not in LARGE or _large_words(pair.source.base).search(pair.original.casefold()):
        return ""
    return f"the number {new[0].shown} is not in the original"


def _values(found: list[Numeral]) -> set[str]:
    """Return all readings of numbers, whole and in parts."""
    return {reading for number in found for reading in (*number.readings, *number.parts)}


def _is_word(number: Numeral, pair: Pair, *, swapped: bool) -> bool:
    """Return whether a number of the original can be a word in the translation."""
    is_name = any(map(str.isalpha, number.shown[:1]))
    wanted = number.parts if is_name else number.readings
    small = wanted & _SMALL
    if number.may_change and small:
        return True
    if pair.target_script in HAN and not wanted.isdisjoint(han_numerals.values(pair.translation)):
        return True
    if small & _ALWAYS_WORDS and not is_name:
        return not swapped
    text = pair.translation.casefold()
    if number.unscaled:
        # 2 million can be two millions; the number word itself is not checked.
        return not number.unscaled.isdisjoint(_SMALL) and any(word in text for word in _scale_words(pair.target.base))
    words = _small_words(pair.target.base)
    if words is None:
        return bool(small) and not swapped and pair.target_script not in HAN
    return any(word in text for value in small for word in words.get(value, ()))


def _supplies(values: set[str], number: Numeral) -> bool:
    """Return whether a number is among the values, whole or in parts."""
    return not values.isdisjoint(number.readings) or bool(number.parts and number.parts <= values)


def _unscaled(found: list[Numeral]) -> list[Numeral]:
    """Return numbers with and without their scale word, which is unknown in one of the languages."""
    return [number._replace(readings=number.readings | number.unscaled) for number in found]


@functools.cache
def _small_words(language: str) -> dict[str, tuple[str, ...]] | None:
    """Return the prefixes of the words for 3 to 12; None if unknown."""
    words = SMALL.get(language)
    if words is None:
        return None
    plain = unicodedata.normalize("NFKC", words)
    return {str(value): tuple(word.replace("_", " ").split("|")) for value, word in enumerate(plain.split(), 3)}


@functools.cache
def _scale_words(language: str) -> tuple[str, ...]:
    """Return the prefixes of scale words; "" if unknown, which any text has."""
    words = tuple(unicodedata.normalize("NFKC", word.rstrip("*")) for word in SCALES.get(language, {}))
    return words or ("",)


@functools.cache
def _large_words(language: str) -> re.Pattern[str]:
    parts = (part.strip("*") if part[0] == "*" else rf"\b{part}" for part in LARGE[language].split())
    return re.compile("|".join(parts))
