"""Parser of numerals in Han characters: 四十二, 二〇二四, 三万五千."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "兩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_SMALL: Final = {"十": 10, "百": 100, "千": 1000}
_LARGE: Final = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_NUMERAL: Final = re.compile(f"[{''.join((*_DIGITS, *_SMALL, *_LARGE))}]{{1,24}}")
_TENTHS: Final = re.compile(f"([1-9{''.join(_DIGITS)}])\\s?[割成]")


def values(text: str) -> set[str]:
    """Return the numbers in a text, in digits; tenths as percentages: 三割 and 3成 are 30."""
    found = {str(_value(numeral)) for numeral in _NUMERAL.findall(text)}
    found.update(f"{_DIGITS.get(tenths, tenths)}0" for tenths in _TENTHS.findall(text))
    return found


def _value(numeral: str) -> int:
    if all(letter in _DIGITS for letter in numeral):
        return int("".join(str(_DIGITS[letter]) for letter in numeral))
    total = part = digit = 0
    for letter in numeral:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in _SMALL:
            part += (digit or 1) * _SMALL[letter]
            digit = 0
        else:
            total += (part + digit or 1) * _LARGE[letter]
            part = digit = 0
    return total + part + digit
