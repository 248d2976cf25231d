"""Text normalization of numbers with units: sizes, durations, frequencies, temperatures, money, percentages."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.workers.tts.normalization import symbol_words
from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers import numerals
from voicestream.workers.tts.normalization.numbers.cardinals import MOST_DIGITS
from voicestream.workers.tts.normalization.numbers.inflection import form
from voicestream.workers.tts.normalization.numbers.korean import native
from voicestream.workers.tts.normalization.unit_symbols import (
    BINARY_SUFFIXES,
    CODES,
    COUNTED,
    CURRENCIES,
    LOCAL,
    OTHERS,
    PERIODS,
    SYMBOLS,
    WITH_PREFIX,
)
from voicestream.workers.tts.normalization.unit_words import BINARY, PREFIXES, TABLE

if TYPE_CHECKING:
    from voicestream.workers.tts.normalization.numbers.numerals import Numeral

_SCALES: Final = {"k": 3, "K": 3, "M": 6, "bn": 9, "B": 9, "T": 12}
_LETTERS: Final = "A-Za-zÀ-ɏЀ-џµ"
_MILLION: Final = re.compile(
    r"(?:milli(?:on|ard)s?|millón|millones|milion[ei]|miliard[oi]|milh(?:ão|ões)|mil milhões)\Z"
)
_VOWELS: Final = "aeiouhé"
_OF: Final = {"es": " de", "fr": " de", "it": " di", "pt": " de"}
"""Prepositions after a million: "un millón de euros"."""
_MINUTES: Final = re.compile(r"(?<![\w.,-])(\d+h)?\s?(\d+)m\s?(\d+(?:\.\d+)?s)?(?!\w)")
"""Durations such as ``1h5m30s``: an m adjacent to the digits is a minute; a metre follows a space."""
_TOKENS: Final = re.compile(r"(?<![\w.])\d[\d.,]*+\s(?!reqs?/)[^\W\d_]{3,}+/s(?!\w)")
"""Rates of other things per second."""
_COUNTED: Final = re.compile(rf"(?<=\d\s)({'|'.join(COUNTED)})(?:/|\sper\s)(s|{'|'.join(PERIODS)})(?!\w)")
_CENTS: Final = 2
_SINGULAR: Final = re.compile(r"(?<!\w)an?\s\Z", re.IGNORECASE)
"""Before a quantity it makes an English unit an adjective: ``a 1.5 GB file``."""
_NOUN: Final = re.compile(r"\s[a-z]{3,}")


class _Row(NamedTuple):
    gender: str
    forms: tuple[str, ...]


@functools.cache
def _rows(language: str) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for entry in re.split(r"\n| \| ", TABLE[language].strip()):
        name, _, forms = entry.partition(": ")
        unit, _, gender = name.partition(" ")
        rows[unit] = _Row(gender or "m", tuple(forms.split("/")))
    return rows


@functools.cache
def _symbols() -> dict[str, tuple[str, str]]:
    """Return the prefix and the unit of each symbol."""
    found = {symbol: ("", unit) for symbol, unit in SYMBOLS.items()}
    for unit, prefixes in WITH_PREFIX.items():
        name = "byte" if unit == "b" else SYMBOLS[unit]
        for prefix in prefixes:
            found[prefix + unit] = (prefix, name)
            if prefix == "k":
                found["K" + unit] = (prefix, name)
            if unit == "b":
                found[prefix.lower() + "b"] = (prefix, name)
    for prefix in BINARY:
        for suffix in BINARY_SUFFIXES:
            found[prefix + suffix] = (prefix, "byte")
    found["kiB"] = ("Ki", "byte")
    found["us"] = ("µ", "second")
    return found


@functools.cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...]:
    """Return the patterns, their kinds, and the signs that a text must contain (none for units, which are too many)."""
    number = numerals.pattern(language)
    before = r"(?=\d)(?<![A-Za-z0-9_])(?<!\d[.,])(?<![A-Za-z0-9]-)"
    behind = rf"(?![{_LETTERS}0-9])"
    units = "|".join(
        re.escape(unit) for unit in sorted((*_symbols(), *OTHERS, *LOCAL.get(language[:2], ())), key=len, reverse=True)
    )
    signs = tuple(sign for sign in CURRENCIES if CURRENCIES[sign] in _rows(language[:2]))
    money = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
    codes = "|".join(CODES)
    return (
        (re.compile(rf"({money})\s?({number})(?:\s?(k|K|M|bn|B|T))?{behind}"), "money first", signs),
        (
            re.compile(rf"{before}({number})\s?(k|K|M|bn|B|T)?\s?({money}|(?:{codes})(?![A-Za-z]))"),
            "money last",
            (*signs, *CODES),
        ),
        (re.compile(rf"({codes})\s({number}){behind}"), "code first", (*CODES,)),
        (re.compile(rf"%\s?({number})(?![\d%])"), "percent first", ("%",)),
        (re.compile(rf"{before}({number})\s?[%٪]"), "percent last", ("%", "٪")),
        (re.compile(rf"{before}({number})\s?°\s?([CFK])?{behind}"), "degrees", ("°",)),
        (re.compile(rf"{before}({number})\s?({units})(/s)?{behind}(?:\.(?=\s[a-zß-ÿа-я]))?"), "unit", ()),
        (re.compile(rf"{before}({number})([kK]|M){behind}"), "scale", ("k", "K", "M")),
        (re.compile(rf"{before}({number})\s?[x×]{behind}(?!\s?\d)"), "times", ("x", "×")),
    )


def say_units(text: str, language: str) -> str:
    """Normalize numbers with units.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    if language == "en":
        text = _COUNTED.sub(_counted, text)
    text = _MINUTES.sub(r"\1 \2 min \3", text)
    text = _TOKENS.sub(lambda m: _rows(language[:2])["persecond"].forms[0].format(m[0][:-2]), text)
    for pattern, kind, signs in _patterns(language):
        if not signs or any(sign in text for sign in signs):
            text = pattern.sub(functools.partial(_said, language=language, kind=kind), text)
    return text


def count(numeral: Numeral, unit: str, language: str, prefix: str = "") -> str:
    """Return a quantity of a unit: ``count(Numeral("3", ""), "hour", "de")`` is ``drei Stunden``."""
    base = language[:2]
    row = (prefix and _rows(base).get(f"{unit}+")) or _rows(base)[unit]
    # French uses the singular below two.
    quantity = int(numeral.whole[:MOST_DIGITS]) if base == "fr" else numeral.quantity
    noun = row.forms[min(form(quantity, base), len(row.forms) - 1)]
    if prefix:
        names, order = ("binary", BINARY) if prefix in BINARY else ("prefixes", PREFIXES)
        named = _rows(base)[names].forms[order.index(prefix)]
        noun = named + (noun.lower() if base == "de" else noun.replace("_", " "))
    number = numerals.say(numeral, language, row.gender)
    if base == "ko" and unit == "hour" and numeral.quantity is not None:
        number = native(numeral.quantity) or number
    if base in _OF and _MILLION.search(number):
        number += " d'" if base == "fr" and noun[0] in _VOWELS else f"{_OF[base]} "
        return number + noun if "{}" not in noun else noun.format(number.rstrip())
    if "{}" in noun:
        return noun.format(number)
    return number + noun if base in ("ja", "zh") else f"{number} {noun}"


def _said(found: re.Match[str], *, language: str, kind: str) -> str:
    match kind:
        case "money first":
            said = _money(found[2], found[3], CURRENCIES[found[1]], language)
        case "money last":
            said = _money(found[1], found[2], (CURRENCIES | CODES)[found[3]], language)
        case "code first":
            said = _money(found[2], None, CODES[found[1]], language)
        case "percent first" | "percent last":
            said = count(numerals.read(found[1], language), "percent", language)
        case "degrees":
            said = count(numerals.read(found[1], language), "degree", language)
            said += {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin", None: ""}[found[2]]
        case "unit":
            said = _unit(found[1], found[2], per_second=found[3] is not None, language=language)
            if language == "en" and _is_adjective(found):
                said = said.removesuffix("s")
        case "scale":
            said = numerals.say(_scaled(numerals.read(found[1], language), found[2]), language)
        case _:
            said = count(numerals.read(found[1], language), "times", language)
    return splice(found, said, language)


def _counted(found: re.Match[str]) -> str:
    period = PERIODS.get(found[2], found[2])
    return f"{COUNTED[found[1]]}/s" if period == "s" else f"{COUNTED[found[1]]} per {period}"


def _is_adjective(found: re.Match[str]) -> bool:
    """Return whether a quantity with a unit stands between an article and a noun."""
    is_behind_article = _SINGULAR.search(found.string[max(0, found.start() - 10) : found.start()]) is not None
    return is_behind_article and _NOUN.match(found.string, found.end()) is not None


def measure(number: str, symbol: str, language: str) -> str:
    """Return a number with its unit: ``measure("3", "km", "en")`` is ``three kilometers``."""
    return _unit(number, symbol, per_second=False, language=language)


def _unit(number: str, symbol: str, *, per_second: bool, language: str) -> str:
    numeral = numerals.read(number, language)
    symbol = LOCAL.get(language[:2], {}).get(symbol, symbol)
    symbol = OTHERS.get(symbol, symbol)
    symbol, slash, _ = symbol.partition("/s")
    if symbol in _rows(language[:2]):
        said = count(numeral, symbol, language)
    elif symbol == "cm":
        # The only unit of a hundredth.
        metre = count(numeral, "metre", language)
        prefix = symbol_words.word("centi", language)
        noun = _rows(language[:2])["metre"].forms
        shown = noun[min(form(numeral.quantity, language[:2]), len(noun) - 1)]
        said = metre.removesuffix(shown) + prefix + (shown.lower() if language[:2] == "de" else shown)
    else:
        prefix, unit = _symbols()[symbol]
        said = count(numeral, unit, language, prefix)
    if per_second or slash:
        said = _rows(language[:2])["persecond"].forms[0].format(said)
    return said


def _money(number: str, scale: str | None, unit: str, language: str) -> str:
    numeral = numerals.read(number, language)
    if scale:
        return count(_scaled(numeral, scale), unit, language)
    if len(numeral.fraction) == _CENTS and language[:2] not in ("ja", "zh", "ko"):
        cents = int(numeral.fraction)
        if cents and not int(numeral.whole or 0) and f"{unit}cent" in _rows(language[:2]):
            return count(numerals.Numeral(str(cents), ""), f"{unit}cent", language)
        whole = count(numerals.Numeral(numeral.whole, ""), unit, language)
        return f"{whole} {numerals.say(numerals.Numeral(str(cents), ''), language)}" if cents else whole
    return count(numeral, unit, language)


def _scaled(numeral: Numeral, scale: str) -> Numeral:
    """Expand the scale of a number: 1.5k is fifteen hundred."""
    power = _SCALES[scale]
    fraction = numeral.fraction.ljust(power, "0")
    whole = (numeral.whole + fraction[:power]).lstrip("0") or "0"
    return numerals.Numeral(whole, fraction[power:])
