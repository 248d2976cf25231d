"""Numerals of a text with all their readings: ``1.500`` is 1500 or 1.5."""

from __future__ import annotations

import functools
import re
import unicodedata
from decimal import Decimal
from typing import Final, NamedTuple

from voicestream.workers.translation.quality.number_words import HAN_SCALES, LETTER_SCALES, SCALES


class Numeral(NamedTuple):
    """Numeral in a text."""

    shown: str
    readings: frozenset[str]
    """Readings: ``1500``, ``1.5``, ``3.11.2``."""
    parts: frozenset[str] = frozenset()
    """Reading as a list: ``1,2``."""
    may_change: bool = False
    """True if it is part of a date or a fraction, which can become words."""
    unscaled: frozenset[str] = frozenset()
    """Readings without the scale word; empty if there is none."""


_DIGIT: Final = re.compile(r"\d")
_CHUNK: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?<![\d.])\.)?(?:\d{1,3}(?:[ '’]\d{3})+(?![\d'’]|[.,]\d{3})(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
)
"""Digits with points and commas between them, or a space before every three; after a letter they belong to a name."""
_NAME: Final = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]+\d[A-Za-z0-9]*|\d+[A-Za-z]+\d[A-Za-z0-9]*|\d+[A-Za-z]{5,})")
"""Names with digits: ``v2``, ``k8s``, ``3f2a9c1d``."""
_DATE: Final = re.compile(
    r"(?<!\d)\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{1,2}[./]\d{1,2}[./]\d{4}(?!\d)|(?<![\d.])\d{1,2}/\d{1,2}(?![\d.])"
)
_CLOCK: Final = re.compile(r"(?<!\d)(\d{1,2}):\d{2}(?!\d)")
_HALF_DAY: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s?[ap]\.?m\b|(?:午前|午後|上午|下午|晚上|오전|오후)\s?(\d{1,2})", re.IGNORECASE
)
_FULL_DAY: Final = re.compile(r"(?<!\d)(1[3-9]|2[0-3])\s?(?:Uhr|h\b|時|时|點|点|시)")
_POINT_IN_TIME: Final = re.compile(r"\.(?:(?<=\d\.)(?=\d\d\s?Uhr)|(?<=\b(?:klo|ore)\s\d\d\.)(?=\d\d\b))")
"""Point of a time of day: 14.30 Uhr, Finnish klo 14.30, Italian ore 14.30."""
_WORD: Final = re.compile(r"\s?([^\s\d!-/:-@\[-`{-~。、，]+)")
"""Word with combining marks, which are vowels in Hindi and Thai."""
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,' ’])\d{3}|(,)\d{2}(?=,))*(?:[.,' ’]\d{3})")
_REST: Final = re.compile(r" ?(\d{1,4})(?![\d.,])(千|천)?")
"""Rest of a grouped numeral; Korean has a space in it."""


def numerals(text: str, language: str) -> list[Numeral]:
    """Find the numerals of an NFKC text.

    Args:
        text: one sentence.
        language: without script and region: ``pt``.
    """
    text = _POINT_IN_TIME.sub(":", _ascii_digits(text))
    # The digits of a name suffice: "version 2" for "v2".
    found = [
        Numeral(name, frozenset((name.casefold(),)), frozenset(re.findall(r"\d+", name)))
        for name in _NAME.findall(text)
    ]
    text = _NAME.sub(" ", text) if found else text
    if _DIGIT.search(text) is None:
        return found
    dates = {at for match in _DATE.finditer(text) for at in range(*match.span())}
    hours = _other_hours(text)
    scales = _scales(language)
    at = 0
    while match := _CHUNK.search(text, at):
        at = match.end()
        number = match[0]
        in_date = match.start() in dates
        if in_date:
            found += (Numeral(part, frozenset((_plain(part),)), may_change=True) for part in re.split(r"\D", number))
            continue
        power, end = _scale(text, at, scales)
        readings, parts = _readings(number)
        if power:
            value, at = _scaled(readings, power, text, end)
            units = readings if text[match.end()] in LETTER_SCALES else frozenset[str]()
            found.append(Numeral(text[match.start() : at], value | units, unscaled=readings))
            continue
        readings |= hours.get(match.start(), frozenset())
        found.append(Numeral(number, readings, parts))
    return found


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(map(_ascii_digit, text))


@functools.lru_cache(maxsize=8192)
def _ascii_digit(character: str) -> str:
    """Convert digits and Arabic separators to ASCII."""
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, -1)
    return str(digit) if digit >= 0 else {"٫": ".", "٬": ",", "\u2009": " "}.get(character, character)


def _plain(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _readings(number: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the readings of digits with separators, as a number and as a list."""
    if number.isdigit():
        return frozenset((_plain(number),)), frozenset()
    readings: set[str] = set()
    marks = {mark for mark in number if not mark.isdigit()}
    pieces = re.split(r"\D", number)
    if _GROUPED.fullmatch(number) and len(marks) == 1:
        readings.add(_plain("".join(pieces)))
    whole, fraction = "".join(pieces[:-1]), pieces[-1]
    last = number[-len(fraction) - 1]
    if last in ".," and (len(pieces) == 2 or (len(marks) > 1 and number.count(last) == 1)):  # noqa: PLR2004 - one mark
        readings.add(f"{_plain(whole)}.{fraction}")
    elif not readings:
        readings.add(number)  # a version comes back as it is
    # 13,000 is no list of 13 and 0; with a space they can be two numbers.
    is_list = marks == {","} and not _GROUPED.fullmatch(number)
    is_row = marks == {" "} and not any(piece.startswith("0") for piece in pieces)
    return frozenset(readings), frozenset(map(_plain, pieces)) if is_list or is_row else frozenset()


def _scale(text: str, at: int, scales: dict[str, int]) -> tuple[int, int]:
    """Return the power of ten of a scale word after a number, and its end."""
    power = 0
    if text[at : at + 1] in LETTER_SCALES and not text[at + 1 : at + 2].isalnum():
        return LETTER_SCALES[text[at]], at + 1
    while at < len(text):
        skip = at + (text[at] == " ")
        if text[skip : skip + 1] in HAN_SCALES:
            power += HAN_SCALES[text[skip]]
            at = skip + 1
            continue
        match = _WORD.match(text, at)
        found = _power(match[1].casefold(), scales) if match and scales else 0
        if not match or not found:
            break
        power += found
        at = match.end()
    return power, at


@functools.cache
def _scales(language: str) -> dict[str, int]:
    """Return the scale words in NFKC, in which some letters of Hindi are decomposed."""
    return {unicodedata.normalize("NFKC", word): power for word, power in SCALES.get(language, {}).items()}


def _power(word: str, scales: dict[str, int]) -> int:
    if word in scales:
        return scales[word]
    return next((power for key, power in scales.items() if key[-1] == "*" and word.startswith(key[:-1])), 0)


def _scaled(readings: frozenset[str], power: int, text: str, at: int) -> tuple[frozenset[str], int]:
    """Return the scaled readings and the end of the numeral: 1万2千 and 1万2000 are one."""
    rest = Decimal(0)
    match = _REST.match(text, at) if text[at - 1] in "万萬億亿만억" else None
    if match:
        rest = Decimal(match[1]) * (1000 if match[2] else 1)
        at = match.end()
        if text[at : at + 1] in ("万", "萬", "만"):
            rest *= 10_000
            at += 1
    values: set[str] = set()
    for reading in readings:
        if reading.count(".") <= 1:
            value = Decimal(reading).scaleb(power) + rest
            values.add(f"{value.normalize():f}")
    return frozenset(values) or readings, at


def _other_hours(text: str) -> dict[int, frozenset[str]]:
    """Return the alternative hour by position: 3 p.m. or 15:00."""
    found: dict[int, frozenset[str]] = {}
    for pattern in (_CLOCK, _HALF_DAY, _FULL_DAY) if ":" in text else (_HALF_DAY, _FULL_DAY):
        for match in pattern.finditer(text):
            group = match.lastindex or 1
            hour = int(match[group])
            found[match.start(group)] = frozenset((str((hour + 12) % 24), str(hour % 12), str(hour)))
    return found
