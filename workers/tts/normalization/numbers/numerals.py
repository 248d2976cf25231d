"""Numerals of a language: digit grouping, decimal sign, and their words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from voicestream.workers.tts.normalization.numbers.cardinals import MOST_DIGITS, cardinal, digits
from voicestream.workers.tts.normalization.numbers.inflection import agree

POINT_LANGUAGES: Final = frozenset(("ar", "en", "hi", "ja", "ko", "zh"))
"""Languages that write 3.14 and 1,500; the others write 3,14 and 1.500 or 1 500."""

_POINT: Final = (
    r"[1-9]\d{0,2}(?: \d{3})* 000(?![\d.,]\d|\d)"
    r"|\d{1,3}(?:,\d{2,3})*,\d{3}(?![\d])(?:\.\d+)?|\d+(?:_\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
)
_COMMA: Final = (
    r"\d{1,3}(?:[.']\d{3})+(?!\d)(?:,\d+)?|[1-9]\d{0,2}(?: \d{3})+(?!\d)(?:,\d+)?"
    r"|\d+(?:_\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
)

_DECIMAL_WORDS: Final = {
    "ar": "فاصلة",
    "de": "Komma",
    "en": "point",
    "es": "coma",
    "fr": "virgule",
    "hi": "दशमलव",
    "it": "virgola",
    "ja": "点",
    "ko": "점",
    "nl": "komma",
    "pl": "przecinek",
    "pt": "vírgula",
    "tr": "virgül",
    "zh": "点",
}
_WHOLES: Final = {"cs": ("celá", "celé", "celých"), "hu": ("egész",) * 3, "ru": ("целая", "целых", "целых")}
"""Words for wholes, in place of the decimal sign."""
_TENTHS: Final = {
    "hu": (("tized",) * 2, ("század",) * 2, ("ezred",) * 2),
    "ru": (("десятая", "десятых"), ("сотая", "сотых"), ("тысячная", "тысячных")),
}
"""Words for tenths, hundredths and thousandths."""
_ONE_BY_ONE: Final = frozenset(("de", "en", "hi", "ja", "ko", "zh"))
"""Languages that speak the digits of a decimal fraction one by one."""
_LONGEST_FRACTION: Final = 2
"""Digits of a decimal fraction that the other languages speak as one number."""


class Numeral(NamedTuple):
    """A number written in digits."""

    whole: str
    fraction: str

    @property
    def quantity(self) -> int | None:
        """Value of a whole number; None for a fraction, and for a string of digits."""
        return None if self.fraction or len(self.whole) > MOST_DIGITS else int(self.whole)


def pattern(language: str) -> str:
    """Return a regular expression for a number without its sign."""
    if language[:2] in POINT_LANGUAGES:
        return rf"(?:(?=\d)(?:{_POINT}))"
    return rf"(?:(?=\d)(?:{_COMMA}))"


def read(written: str, language: str) -> Numeral:
    """Parse a number that ``pattern`` matched."""
    plain = written.replace("_", "").replace("'", "").replace(" ", "")
    if language[:2] in POINT_LANGUAGES:
        whole, _, fraction = plain.replace(",", "").partition(".")
        return Numeral(whole, fraction)
    if "," in plain:
        whole, _, fraction = plain.replace(".", "").partition(",")
        return Numeral(whole, fraction)
    # An English number in a German sentence: agents quote them, and translators do not change them.
    whole, _, fraction = plain.partition(".")
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", plain):
        return Numeral(plain.replace(".", ""), "")
    return Numeral(whole, fraction)


def say(numeral: Numeral, language: str, gender: str = "") -> str:
    """Return a number in words.

    Args:
        numeral: from ``read``.
        language: as for ``cardinal``.
        gender: of what is counted: ``m``, ``f``, ``n``; empty = nothing is.
    """
    base = language[:2]
    if numeral.fraction and base in _WHOLES:
        return _say_wholes(numeral, language)
    if (numeral.whole.startswith("0") and len(numeral.whole) > 1) or len(numeral.whole) > MOST_DIGITS:
        whole = digits(numeral.whole, language)
    else:
        whole = agree(cardinal(int(numeral.whole), language), base, "" if numeral.fraction and base != "fr" else gender)
    if not numeral.fraction:
        return whole
    return f"{whole} {_DECIMAL_WORDS[base]} {_say_fraction(numeral.fraction, language)}"


def _say_fraction(fraction: str, language: str) -> str:
    significant = fraction.lstrip("0")
    if language[:2] in _ONE_BY_ONE or not significant or len(significant) > _LONGEST_FRACTION:
        return digits(fraction, language)
    zeros = digits("0" * (len(fraction) - len(significant)), language)
    return f"{zeros} {cardinal(int(significant), language)}".strip()


def _say_wholes(numeral: Numeral, language: str) -> str:
    base = language[:2]
    if len(numeral.whole) > MOST_DIGITS:
        return f"{digits(numeral.whole, language)} {digits(numeral.fraction, language)}"
    count = int(numeral.whole)
    whole = agree(cardinal(count, language), base, "" if base == "hu" else "f")
    wholes = _WHOLES[base][0 if count % 10 == 1 and count % 100 != 11 else 1 if 1 < count < 5 else 2]  # noqa: PLR2004
    if base == "cs" and count == 0:
        wholes = "celá"
    tenths = _TENTHS.get(base)
    if tenths is None or len(numeral.fraction) > len(tenths):
        return f"{whole} {wholes} {_say_fraction(numeral.fraction, language)}"
    part = int(numeral.fraction)
    name = tenths[len(numeral.fraction) - 1][0 if part % 10 == 1 and part % 100 != 11 else 1]  # noqa: PLR2004
    return f"{whole} {wholes} {agree(cardinal(part, language), base, 'f')} {name}"
