"""Text normalization of times of day."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal
from voicestream.workers.tts.normalization.numbers.inflection import agree
from voicestream.workers.tts.normalization.numbers.korean import native
from voicestream.workers.tts.normalization.numbers.numerals import Numeral
from voicestream.workers.tts.normalization.numbers.ordinals import ordinal
from voicestream.workers.tts.normalization.units import count

_TIME: Final = re.compile(
    r"(?<![\d:-])(?<!\d[.,])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?![\d:])"
    r"(?:Z(?!\w)|\s?(?:Uhr|uur|heures|horas|hodin|óra|óráig|часов|बजे)(?!\w))?"
)
_LETTER: Final = re.compile(r"(?<![\d:-])(?<!\d[.,])([01]?\d|2[0-3])\s?h\s?([0-5]\d)()(?!\w)")
_GERMAN: Final = re.compile(r"(?<![\d:-])(?<!\d[.,])([01]?\d|2[0-3])(?:\.([0-5]\d))?()\s?Uhr(?!\w)")

_WORDS: Final = {
    "ar": ("{hour} و{minute}", "{hour}"),
    "cs": ("{hour} {minute}", "{hour}"),
    "de": ("{hour} Uhr {minute}", "{hour} Uhr"),
    "en": ("{hour} {minute}", "{hour} o'clock"),
    "es": ("{hour} {minute}", "{hour}"),
    "fr": ("{hour} {minute}", "{hour}"),
    "hi": ("{hour} बजकर {minute} मिनट", "{hour} बजे"),
    "hu": ("{hour} óra {minute} perc", "{hour} óra"),
    "it": ("{hour} e {minute}", "{hour}"),
    "ja": ("{hour}時{minute}分", "{hour}時"),
    "ko": ("{hour} 시 {minute} 분", "{hour} 시"),
    "nl": ("{hour} uur {minute}", "{hour} uur"),
    "pl": ("{hour} {minute}", "{hour}"),
    "pt": ("{hour} e {minute}", "{hour}"),
    "ru": ("{hour} {minute}", "{hour}"),
    "tr": ("{hour} {minute}", "{hour}"),
    "zh": ("{hour}点{minute}分", "{hour}点"),
}
"""Templates with minutes, and without."""
_LEADING_ZERO: Final = {"en": "oh", "es": "cero", "it": "zero", "nl": "nul", "pl": "zero", "tr": "sıfır", "zh": "零"}
"""Words before a single-digit minute."""
_GAPS: Final = {"ja": "", "ko": " ", "zh": ""}
"""Separators between minutes and seconds."""
_NOON: Final = 12


def say_times(text: str, language: str) -> str:
    """Normalize times of day.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    said = functools.partial(_time, language=language)
    text = _TIME.sub(said, text)
    if language[:2] in ("es", "fr", "pt"):
        text = _LETTER.sub(said, text)
    return _GERMAN.sub(said, text) if language == "de" else text


def _time(found: re.Match[str], *, language: str) -> str:
    base = language[:2]
    hour, minute = int(found[1]), int(found[2] or 0)
    pattern = _WORDS[base][0 if minute else 1]
    said = pattern.format(hour=_hour(hour, language), minute=_minute(minute, language))
    if found[3] and int(found[3]):
        said += _GAPS.get(base, ", ") + count(Numeral(str(int(found[3])), ""), "second", language)
    return splice(found, said, language)


def _hour(hour: int, language: str) -> str:  # noqa: PLR0911 - a table
    base = language[:2]
    match base:
        case "cs" | "fr" | "pt" | "ru":
            return count(Numeral(str(hour), ""), "hour", language)
        case "de":
            return agree(cardinal(hour, language), base, "n")
        case "es" | "it":
            return agree(cardinal(hour, language), base, "f")
        case "hu" | "zh":
            return agree(cardinal(hour, language), base, "m")
        case "ko" if hour <= _NOON:
            return native(hour) or cardinal(hour, language)
        case "pl":
            return ordinal(hour, language, "feminine")
        case _:
            return cardinal(hour, language)


def _minute(minute: int, language: str) -> str:
    base = language[:2]
    if base in ("ar", "cs", "ru"):
        return count(Numeral(str(minute), ""), "minute", language)
    said = cardinal(minute, language)
    if base == "fr":
        said = agree(said, base, "f")
    if minute < 10 and base in _LEADING_ZERO:  # noqa: PLR2004 - one figure
        gap = "" if base == "zh" else " "
        return _LEADING_ZERO[base] + gap + said
    return said
