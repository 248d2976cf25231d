"""Text normalization of all remaining numbers: ordinals, ranges, fractions, counts, labels."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization import symbol_words
from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers import numerals
from voicestream.workers.tts.normalization.numbers.cardinals import MOST_DIGITS, cardinal, digits
from voicestream.workers.tts.normalization.numbers.grammatical_gender import gender
from voicestream.workers.tts.normalization.numbers.korean import COUNTERS, native

_BARE: Final = re.compile(r"(?<![\w.,])\.(?=\d)")
"""Decimal point without a zero before it."""
_MINUS: Final = re.compile(r"(?<![^\s(\[:,])-(?=\d)|(?<=UTC)-(?=\d)|(?<=GMT)-(?=\d)")
_FRACTION: Final = re.compile(r"(?<![\d/])(?<!\d[.,])(\d{1,9})/(\d{1,9})(?![\d/]|[.,]\d)")
_PRODUCT: Final = re.compile(r"(?<![A-Za-z0-9])()(\d+)\s?[x×*]\s?(?=\d)")
_RATIO: Final = re.compile(r"(?<=[^\W_])(?<![\u3041-\u9fff\uac00-\ud7a3]):(?=\d)")
"""Colon of a ratio, or between a host and its port."""
_FIGURES: Final = re.compile(r"\d+")

_KOREAN_COUNT: Final = re.compile(
    rf"(?<![\d.,제A-Za-z])(\d{{1,2}})\s?(?=({'|'.join(COUNTERS)}))(?!개월|시스|시작|시험|번호|대략|장치)"
)
_KOREAN_FIRST: Final = re.compile(r"(?<!\d)(?<!\d[.,])1\s?(?=번째)")
_KOREAN_MONTHS: Final = (
    (re.compile(r"(?<!\d)(?<!\d[.,])6(?=월)"), "유"),
    (re.compile(r"(?<!\d)(?<!\d[.,])10(?=월)"), "시"),
)
_CHINESE_TWO: Final = re.compile(
    r"(?<![\d.,第A-Za-z])2(?=\s?[个個次条行名位种件份张步章遍倍台项组场轮页句段千万亿分小天年])(?!\s?分之)"
)

_REVERSED: Final = frozenset(("ja", "ko", "zh"))
"""Languages that name the denominator first."""


def say_ranges(text: str, language: str) -> str:
    """Normalize signs between and before numbers, and the first number of a range or a product.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _RATIO.sub(" ", _BARE.sub("0.", text))
    minus = symbol_words.word("minus", language) + ("" if language[:2] in _REVERSED else " ")
    text = _MINUS.sub(lambda m: splice(m, minus, language, joined=True), text)
    text = _range(language).sub(functools.partial(_first, language=language, connective="to"), text)
    text = _PRODUCT.sub(functools.partial(_first, language=language, connective="multiplied"), text)
    return _FRACTION.sub(functools.partial(_fraction, language=language), text)


def say_numbers(text: str, language: str) -> str:
    """Normalize all remaining numbers.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    base = language[:2]
    if base == "ko":
        text = _KOREAN_FIRST.sub("첫 ", text)
        text = _KOREAN_COUNT.sub(lambda m: native(int(m[1])) + " " if native(int(m[1])) else m[0], text)
        for month, said in _KOREAN_MONTHS:
            text = month.sub(said, text)
    elif base == "zh":
        text = _CHINESE_TWO.sub("两", text)
    text = _number(language).sub(functools.partial(_said, language=language), text)
    return _FIGURES.sub(lambda m: splice(m, _plain(m[0], language), language), text)


@functools.cache
def _range(language: str) -> re.Pattern[str]:
    number = numerals.pattern(language)
    month = r"(?!(?:19|20)\d\d-(?:0\d|1[0-2])(?!\d))"
    return re.compile(
        rf"(?<![A-Za-z0-9_-])(?<!\d[.,]){month}([$€£¥]?)({number})(?:-|\s?[–—~]\s?|\s-\s)(?=\d)(?!\d[\d.,]*-\d)"
    )


@functools.cache
def _number(language: str) -> re.Pattern[str]:
    behind = {"hu": r"(?:-(?=[a-záéíóöőúüű]))?", "ru": r"(?:-(?:х|ти|мя|ми|м)(?![а-я]))?", "tr": r"(?:'(?=\w))?"}
    return re.compile(f"({numerals.pattern(language)}){behind.get(language[:2], '')}")


def _first(found: re.Match[str], *, language: str, connective: str) -> str:
    said = numerals.say(numerals.read(found[2], language), language)
    word = symbol_words.word(connective, language)
    if language == "ko":
        word = f"{word} "
    elif word != "-" and language[:2] not in _REVERSED:
        word = f" {word} "
    # Both ends have the currency of the first.
    return splice(found, said + word + found[1], language, joined=True)


def _fraction(found: re.Match[str], *, language: str) -> str:
    first, second = _plain(found[1], language), _plain(found[2], language)
    if language[:2] in _REVERSED:
        first, second = second, first
    if found[0] == "24/7":
        return splice(found, f"{first} {second}", language)
    gap = "" if language[:2] in ("ja", "zh") else " "
    return splice(found, f"{first}{gap}{symbol_words.word('of', language)}{gap}{second}", language)


def _said(found: re.Match[str], *, language: str) -> str:
    numeral = numerals.read(found[1], language)
    counted = gender(found.string[: found.start()], found.string[found.end() :], language[:2], numeral.quantity)
    joined = found.end() > found.end(1)  # it had a written ending
    return splice(found, numerals.say(numeral, language, counted), language, joined=joined)


def _plain(figures: str, language: str) -> str:
    if len(figures) > MOST_DIGITS or (figures.startswith("0") and len(figures) > 1):
        return digits(figures, language)
    return cardinal(int(figures), language)
