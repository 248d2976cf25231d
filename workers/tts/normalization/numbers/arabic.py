"""Arabic cardinal numbers in the nominative."""

from __future__ import annotations

from typing import Final

_ONES: Final = (
    *("صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"),
    *("أحد عشر", "اثنا عشر", "ثلاثة عشر", "أربعة عشر", "خمسة عشر", "ستة عشر", "سبعة عشر", "ثمانية عشر", "تسعة عشر"),
)
_TENS: Final = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
_HUNDREDS: Final = ("", "مئة", "مئتان", "ثلاثمئة", "أربعمئة", "خمسمئة", "ستمئة", "سبعمئة", "ثمانمئة", "تسعمئة")
_THOUSANDS: Final = (
    ("", "", "", ""),
    ("ألف", "ألفان", "آلاف", "ألفا"),
    ("مليون", "مليونان", "ملايين", "مليونا"),
    ("مليار", "ملياران", "مليارات", "مليارا"),
    ("تريليون", "تريليونان", "تريليونات", "تريليونا"),
)
"""Singular, dual, plural (three to ten), and accusative singular (eleven to ninety-nine)."""
_ORDINALS: Final = (
    *("الأول", "الثاني", "الثالث", "الرابع", "الخامس", "السادس", "السابع", "الثامن", "التاسع", "العاشر"),
    *("الحادي عشر", "الثاني عشر", "الثالث عشر", "الرابع عشر", "الخامس عشر", "السادس عشر", "السابع عشر"),
    *("الثامن عشر", "التاسع عشر"),
)
_FEW: Final = range(3, 11)
_AND: Final = " و"


def cardinal(number: int) -> str:
    """Return a cardinal number: ``2026`` is ``ألفان وستة وعشرون``."""
    if number == 0:
        return _ONES[0]
    said = [
        _thousands(group, power) if power else _below_thousand(group)
        for power in reversed(range(len(_THOUSANDS)))
        if (group := number // 1000**power % 1000)
    ]
    return _AND.join(said)


def ordinal(number: int) -> str:
    """Return an ordinal number: ``3`` is ``الثالث``; from a hundred on, the cardinal."""
    if 0 < number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    tens, ones = divmod(number, 10)
    if 2 <= tens < 10:  # noqa: PLR2004 - twenty to ninety-nine
        first = "الحادي" if ones == 1 else _ORDINALS[ones - 1] if ones else ""
        return f"{first}{_AND}ال{_TENS[tens]}" if first else f"ال{_TENS[tens]}"
    return cardinal(number)


def _thousands(group: int, power: int) -> str:
    one, two, few, many = _THOUSANDS[power]
    if group <= 2:  # noqa: PLR2004 - one and two are in the word itself
        return one if group == 1 else two
    rest = group % 100
    noun = few if rest in _FEW else many if rest > _FEW[-1] else one
    return f"{_below_thousand(group)} {noun}"


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    said = [_HUNDREDS[hundreds]] if hundreds else []
    if 0 < rest < len(_ONES):
        said.append(_ONES[rest])
    elif rest:
        tens, ones = divmod(rest, 10)
        said += [_ONES[ones], _TENS[tens]] if ones else [_TENS[tens]]
    return _AND.join(said)
