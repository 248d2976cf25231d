"""Text normalization of dates and years."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization.dates.months import ABBREVIATED, DATE, MONTHS
from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal, digits
from voicestream.workers.tts.normalization.numbers.ordinals import ordinal
from voicestream.workers.tts.normalization.numbers.written_ordinals import german_ending

_ISO: Final = re.compile(r"(?<![\d.-])(\d{4})-(\d{2})-(\d{2})(?:T(?=\d)|(?![\d-]))")
_YEAR_FIRST: Final = re.compile(r"(?<![\d./])(\d{4})/(\d{1,2})/(\d{1,2})(?![\d/])")
_YEAR_FIRST_WITH_STOPS: Final = re.compile(r"(?<![\d./])(\d{4})\.\s?(\d{1,2})\.\s?(\d{1,2})(?!\d|\.\d)")
"""Hungarian and Korean dates; in other languages such a text is a version."""
_YEAR_LAST: Final = re.compile(r"(?<![\d./])(\d{1,2})(\.\s?|/)(\d{1,2})(?:\.\s?|/)(\d{4})(?![\d/])")

_DAY_FIRST: Final = re.compile(
    rf"(?<![\w-])(?<!\d[.,])(\d{{1,2}})(?:st|nd|rd|th)?\s({'|'.join((*MONTHS['en'], *ABBREVIATED))})\b\.?"
    r"(,?\s\d{4}(?!\d))?"
)
_SHORT_DECADE: Final = re.compile(r"(?<!\w)'(\d0)s(?!\w)")

_CASES: Final = {"cs": "genitive", "pl": "genitive", "ru": "neuter"}
"""Grammatical case of the day before its month."""
_FIRST: Final = {"es": "uno", "fr": "premier", "it": "primo", "pt": "primeiro"}
_BEFORE_YEAR: Final = {
    "de": r"(?:Jahre?s?|seit|anno|©|ab|von|bis|vor|{})\s",
    "en": r"(?:in|since|from|by|until|before|after|early|late|mid|©|Q[1-4]|{})\s",
}
_YEAR_WORDS: Final = {
    "ru": (
        (re.compile(r"(?<=\b[вВ] )(\d{3,4}) ?(г\.)(?![а-я])"), "locative", "году"),
        (re.compile(r"(?<![\d-])(\d{3,4})[ -]?(год|г\.)(?![а-я])"), "masculine", "год"),
        (re.compile(r"(?<![\d-])(\d{3,4}) (года)\b"), "genitive", "года"),
        (re.compile(r"(?<![\d-])(\d{3,4}) (году)\b"), "locative", "году"),
    ),
    "pl": (
        (re.compile(r"(?<![\d-])(\d{3,4}) (rok)\b"), "masculine", "rok"),
        (re.compile(r"(?<![\d-])(\d{3,4}) (roku|r\.)(?!\w)"), "genitive", "roku"),
    ),
}
"""Words before which a year is an ordinal."""
_DECADES: Final = {
    "de": (re.compile(r"(?<!\w)((?:1\d|20)\d0)er(?!\w)"), "er"),
    "en": (re.compile(r"(?<!\w)((?:1\d|20)\d0)'?s(?!\w)"), "s"),
}
_HUNDREDS: Final = {"de": "hundert"}
_YEARS_IN_HUNDREDS: Final = range(1100, 2000)
_KOREAN_MONTHS: Final = {6: "유", 10: "시"}


def say_dates(text: str, language: str) -> str:
    """Normalize dates, and years that are distinguishable from other numbers.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    base = language[:2]
    text = _ISO.sub(lambda m: _date(m, int(m[1]), int(m[2]), int(m[3]), language), text)
    text = _YEAR_FIRST.sub(lambda m: _date(m, int(m[1]), int(m[2]), int(m[3]), language), text)
    if base in ("hu", "ko"):
        text = _YEAR_FIRST_WITH_STOPS.sub(lambda m: _date(m, int(m[1]), int(m[2]), int(m[3]), language), text)
    text = _YEAR_LAST.sub(functools.partial(_year_last, language=language), text)
    for pattern, case, noun in _YEAR_WORDS.get(base, ()):
        text = pattern.sub(functools.partial(_year_word, language=language, case=case, noun=noun), text)
    named = _named(base)
    text = _DAY_FIRST.sub(_turned, text) if base == "en" else text
    if named is not None:
        text = named.sub(functools.partial(_day_and_month, language=language), text)
    before = _before_year(base)
    if before is not None:
        text = before.sub(lambda m: m[1] + year(int(m[2]), language), text)
    if base == "en":
        text = _SHORT_DECADE.sub(lambda m: cardinal(int(m[1]), base).removesuffix("y") + "ies", text)
    if base in _DECADES:
        pattern, ending = _DECADES[base]
        text = pattern.sub(lambda m: _decade(int(m[1]), language, ending), text)
    if base == "zh":
        text = re.sub(r"(?<!\d)(\d{4})(?=\s?年)", lambda m: digits(m[1], language), text)
    return text


def _turned(found: re.Match[str]) -> str:
    """Return an English date with the month first, as in American usage."""
    return f"{found[2]} {found[1]}{found[3] or ''}"


def _year_word(found: re.Match[str], *, language: str, case: str, noun: str) -> str:
    return f"{ordinal(int(found[1]), language, case)} {noun}"


def year(number: int, language: str) -> str:
    """Return a year in words: ``twenty twenty-six``."""
    base = language[:2]
    if base == "en" and 1000 < number < 3000:  # noqa: PLR2004 - others are said like any number
        return _english_year(number)
    if base in _HUNDREDS and number in _YEARS_IN_HUNDREDS:
        hundreds, rest = divmod(number, 100)
        return cardinal(hundreds, language) + _HUNDREDS[base] + (cardinal(rest, language) if rest else "")
    if base == "zh":
        return digits(str(number), language)
    if base in ("pl", "ru"):
        return ordinal(number, language, "genitive")
    return cardinal(number, language)


def _decade(number: int, language: str, ending: str) -> str:
    said = year(number, language)
    return said.removesuffix("y") + "ies" if ending == "s" and said.endswith("y") else said + ending


def _english_year(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if number % 1000 < 10:  # noqa: PLR2004 - two thousand and five
        return cardinal(number, "en")
    if rest == 0:
        return cardinal(hundreds, "en") + " hundred"
    return f"{cardinal(hundreds, 'en')} {'oh ' if rest < 10 else ''}{cardinal(rest, 'en')}"  # noqa: PLR2004


def _day(number: int, language: str) -> str:
    base = language[:2]
    if number == 1 and base in _FIRST:
        return _FIRST[base]
    if base in ("cs", "de", "en", "hu", "pl", "ru"):
        said = ordinal(number, language, _CASES.get(base, "masculine"))
        if base == "hu":
            return "elseje" if number == 1 else _possessive(said)
        return said
    return cardinal(number, language)


def _possessive(said: str) -> str:
    """Return the possessive form of a day in Hungarian: ``huszonhatodik`` becomes ``huszonhatodika``."""
    return said + ("e" if re.search(r"[eéiíöőüű][^aáoóuúeéiíöőüű]*ik\Z", said) and said[-4] not in "ao" else "a")


def _date(found: re.Match[str], of_year: int, month: int, day: int, language: str) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31 and of_year):  # noqa: PLR2004 - it is something else
        return found[0]
    said = _say(year(of_year, language), month, day, language)
    if language == "de":
        first, space, rest = said.partition(" ")
        said = first + (german_ending(found.string[: found.start()]) or "r") + space + rest
    return splice(found, said, language)


def _say(said_year: str, month: int, day: int, language: str) -> str:
    base = language[:2]
    if base in MONTHS:
        name = MONTHS[base][month - 1]
    else:
        name = _KOREAN_MONTHS.get(month, "") if base == "ko" else ""
        name = name or cardinal(month, language)
    return DATE[base].format(year=said_year, month=name, day=_day(day, language))


def _year_last(found: re.Match[str], *, language: str) -> str:
    first, second, of_year = int(found[1]), int(found[3]), int(found[4])
    is_american = found[2] == "/" and language[:2] == "en"
    day, month = (second, first) if is_american else (first, second)
    if month > 12:  # noqa: PLR2004 - then it is the day
        day, month = month, day
    return _date(found, of_year, month, day, language)


@functools.cache
def _named(base: str) -> re.Pattern[str] | None:
    """Return the pattern of a day next to the name of a month."""
    if base not in MONTHS:
        return None
    names = "|".join(MONTHS[base])
    if base == "en":
        names += "|" + "|".join(ABBREVIATED)
        return re.compile(rf"(?<!\w)({names})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(\d{{4}}))?(?![\w.:]\d|\d|%)")
    if base == "hu":
        return re.compile(
            rf"(?:(?<!\d)(\d{{4}})\.\s)?({names})\s(\d{{1,2}})\b\.?(?!\d)(?:-(?:j?[eé]|[aá])(n))?", re.IGNORECASE
        )
    separator = {"es": r"\sde\s", "pt": r"\sde\s"}.get(base, r"\s")
    of = r"(?:\sde)?" if base in ("es", "pt") else ""
    return re.compile(
        rf"(?<![\w-])(?<!\d[.,])(\d{{1,2}})(?:\.|º|er|o)?{separator}({names})(?!\w)(?:{of}\s(\d{{4}})(?!\d))?",
        re.IGNORECASE,
    )


def _day_and_month(found: re.Match[str], *, language: str) -> str:
    base = language[:2]
    if base == "en":
        month, day, of_year = found[1], found[2], found[3]
        names = [*MONTHS["en"]]
        month = month if month in names else names[ABBREVIATED[month]]
        return f"{month} {ordinal(int(day), 'en')}" + (f", {year(int(of_year), 'en')}" if of_year else "")
    if base == "hu":
        before = f"{cardinal(int(found[1]), language)} " if found[1] else ""
        day = _day(int(found[3]), language)
        day = day[:-1] + {"a": "á", "e": "é"}[day[-1]] + "n" if found[4] else day
        return f"{before}{found[2]} {day}"
    separator = " de " if base in ("es", "pt") else " "
    ending = german_ending(found.string[: found.start()]) if base == "de" else ""
    said = f"{_day(int(found[1]), language)}{ending}{separator}{found[2]}"
    if not found[3]:
        return said
    return f"{said}{separator}{year(int(found[3]), language)}"


@functools.cache
def _before_year(base: str) -> re.Pattern[str] | None:
    if base not in _BEFORE_YEAR:
        return None
    before = _BEFORE_YEAR[base].format("|".join(MONTHS[base]))
    return re.compile(rf"\b({before})(1[1-9]\d\d|20\d\d)(?![\d.,:/-]\d|\d|\s?[%$€£A-Z]|\w)", re.IGNORECASE)
