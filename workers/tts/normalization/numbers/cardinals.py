"""Cardinal numbers in words, by language."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization.numbers import arabic, chinese, hindi, hungarian, turkish

MOST_DIGITS: Final = 15
"""Maximum number of digits of a quantity; longer numbers are spoken digit by digit."""

_OWN: Final = {
    "ar": arabic.cardinal,
    "hi": hindi.cardinal,
    "hu": hungarian.cardinal,
    "tr": turkish.cardinal,
    "zh": chinese.cardinal,
}
"""Languages that num2words lacks (Hindi, Chinese) or gets wrong.

It writes Turkish without spaces, Arabic 200 in the construct state, and Hungarian 102 and 12,000 with the wrong two.
"""

_MENDED: Final = {
    "en": ((re.compile(","), ""),),
    "es": (
        (re.compile(r"veintiuno (?=mil)"), "veintiún "),
        (re.compile(r"uno (?=mil|bill)"), "un "),
    ),
    "fr": (
        (re.compile(r"cents (?=\w)(?!milli[oa]|billi)"), "cent "),
        (re.compile(r"\bun ((?:m|b)illi(?:on|ard))s\b"), r"un \1"),
    ),
    "it": ((re.compile(","), ""),),
    "pt": ((re.compile(","), ""),),
    "ru": ((re.compile(r"\Aодна (?=тысяча)"), ""),),
}
"""Corrections of the output of num2words."""


@functools.lru_cache(maxsize=4096)
def cardinal(number: int, language: str) -> str:
    """Return a cardinal number of at most fifteen digits in words.

    Args:
        number: 0 or more.
        language: ``de``, or one with a country in which numbers differ: ``pt_BR``, ``fr_CH``, ``fr_BE``.
    """
    own = _OWN.get(language)
    if own is not None:
        return own(number)
    from num2words import num2words

    said = num2words(number, lang=language)
    for wrong, right in _MENDED.get(language[:2], ()):
        said = wrong.sub(right, said)
    return said


def digits(figures: str, language: str) -> str:
    """Return the words of single digits: ``007``."""
    gap = "" if language in ("ja", "ko", "zh") else " "
    return gap.join(cardinal(int(figure), language) for figure in figures)
