"""Text normalization of the dash in ranges of times, versions, amounts and dates, and in lists of signed numbers."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization import symbol_words
from voicestream.workers.tts.normalization.dates.dates import year
from voicestream.workers.tts.normalization.dates.months import ABBREVIATED, MONTHS
from voicestream.workers.tts.normalization.identifiers import say_versions
from voicestream.workers.tts.normalization.numbers.ordinals import ordinal

_DASH: Final = r"\s?[\u2013\u2014]\s?"
_PLAIN_DASH: Final = r"\s?[-\u2013\u2014]\s?"
_ANY_DASH: Final = r"\s?[-\u2013\u2014~]\s?"
_HOUR: Final = r"(?:\s?(?:[aApP]\.?[mM]\.?|Uhr|h|uur))"
_DASHES: Final = frozenset("-\u2013\u2014~")
_RANGES: Final = (
    re.compile(rf"(?<=:\d\d)({_HOUR}?){_ANY_DASH}(?=\d{{1,2}}:\d\d)"),
    re.compile(rf"(?<=\d)({_HOUR}){_ANY_DASH}(?=\d{{1,2}}(?::\d\d)?{_HOUR})"),
    re.compile(r"(?<=\d)()\s?[-\u2013\u2014]\s?(?=[vV]\d)"),
    re.compile(rf"(?<=[\dkKMB€])(){_ANY_DASH}(?=(?:US)?[$€£¥]\s?\d)"),
    re.compile(rf"(?<=\d)(\s?(?:[%‰°€$£¥]|°[CFK]|[A-Za-zµ]{{1,4}})){_DASH}(?=[-+]?[$€£¥]?\d)"),
    re.compile(r"(?<=\d)()\s?[\u2013\u2014]\s?(?=[-+]\d)"),
    re.compile(r"(?<![^\W\d_])([A-Z]\d)\s?[\u2013\u2014]\s?(?=[A-Z]\d)"),
    re.compile(rf"(?<=\d)(){_ANY_DASH}(?=\d[\d.,]{{0,12}}\s?(?:mm|cm|km|m)\^)"),
    re.compile(r"(?<=[日月年時分点秒])()\s?[~\u2013\u2014]\s?(?=\d)"),
    re.compile(rf"(?<=\d\.)(){_DASH}(?=\d{{1,2}}\.\s)"),
)
"""Patterns with the text before the dash that belongs to the first end."""
_SIGNED: Final = re.compile(r"(?<![\w.])([-+]\d[\d.,]*)\s?/\s?(?=[-+]\d)")
_NAMES: Final = (
    r"Python|Node(?:\.js)?|Ruby|Go|Java|PHP|Perl|Rust|Swift|Kotlin|TypeScript|React|Vue|Angular|Django|Rails|Ubuntu|Debian"
    r"|Fedora|Android|iOS|macOS|CUDA|PyTorch|Postgres(?:QL)?|MySQL|Redis|[Vv]ersions?"
)
_VERSIONS: Final = re.compile(rf"((?<![A-Za-z])(?:{_NAMES}) \d+\.\d+){_PLAIN_DASH}(\d+\.\d+)(?!\d|\.\d)")
_DAYS: Final = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun".split()
)


def say_dashes(text: str, language: str) -> str:
    """Normalize the dash of a range, unless both ends are bare numbers (those: ``say_ranges``).

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    if "/" in text:
        text = _SIGNED.sub(r"\1, ", text)
    if _DASHES.isdisjoint(text):
        return text
    word = _word(language)
    text = _dates(text, language, word)
    text = _VERSIONS.sub(lambda found: _versions(found, word, language), text)
    for pattern in _RANGES:
        text = pattern.sub(rf"\1{word}", text)
    return text


def _word(language: str) -> str:
    gap = "" if language[:2] in ("ja", "zh") else " "
    word = symbol_words.word("to", language).strip()
    return f"{gap}{word}{gap}" if word and word != "-" else f"{gap}\u2013{gap}"


def _versions(found: re.Match[str], word: str, language: str) -> str:
    """Normalize a range of versions: ``Python 3.11–3.13``."""
    return found[1] + word + say_versions(f"v{found[2]}", language).removeprefix("v ")


def _dates(text: str, language: str, word: str) -> str:
    base = language[:2]
    if base not in MONTHS:
        return text
    if base == "en":
        text = _month_first().sub(_english, text)
        text = _day_first().sub(_english_turned, text)
    text = _before_month(base).sub(rf"\1{word}", text)
    return _between_names(base).sub(rf"\1{word}", text)


def _english(found: re.Match[str]) -> str:
    """Normalize ``May 5–7, 2026``."""
    month = found[1] if found[1] in MONTHS["en"] else MONTHS["en"][ABBREVIATED[found[1]]]
    days = f"{month} {ordinal(int(found[2]), 'en')} to {ordinal(int(found[3]), 'en')}"
    return days + (f", {year(int(found[4]), 'en')}" if found[4] else "")


def _english_turned(found: re.Match[str]) -> str:
    """Normalize ``5–7 May 2026``."""
    month = found[3] if found[3] in MONTHS["en"] else MONTHS["en"][ABBREVIATED[found[3]]]
    days = f"{month} {ordinal(int(found[1]), 'en')} to {ordinal(int(found[2]), 'en')}"
    return days + (f", {year(int(found[4]), 'en')}" if found[4] else "")


@functools.cache
def _month_first() -> re.Pattern[str]:
    names = "|".join((*MONTHS["en"], *ABBREVIATED))
    day = r"(\d{1,2})(?:st|nd|rd|th)?"
    return re.compile(rf"(?<!\w)({names})\.?\s{day}{_PLAIN_DASH}{day}(?:,?\s(\d{{4}}))?(?![\w.:]\d|\d|%)")


@functools.cache
def _day_first() -> re.Pattern[str]:
    names = "|".join((*MONTHS["en"], *ABBREVIATED))
    return re.compile(rf"(?<![\w.,:-])(\d{{1,2}}){_PLAIN_DASH}(\d{{1,2}})\s({names})(?!\w)\.?(?:,?\s(\d{{4}})(?!\d))?")


@functools.cache
def _before_month(base: str) -> re.Pattern[str]:
    names = "|".join((*MONTHS[base], *(ABBREVIATED if base == "en" else ())))
    following = rf"(?=\d{{1,2}}\.?\s(?:de\s)?(?:{names})(?!\w)|(?:{names})\s\d)"
    return re.compile(rf"(?<![\d.,:])(\d{{1,2}}\.?){_DASH}{following}", re.IGNORECASE)


@functools.cache
def _between_names(base: str) -> re.Pattern[str]:
    names = [*MONTHS[base], *((*ABBREVIATED, *_DAYS) if base == "en" else ())]
    either = "|".join(sorted(names, key=len, reverse=True))
    first = rf"((?:{either})\.?(?:\s\d{{4}})?)"
    return re.compile(rf"(?<!\w){first}{_PLAIN_DASH}(?=(?:{either})(?!\w))", re.IGNORECASE)
