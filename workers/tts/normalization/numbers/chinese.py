"""Chinese cardinal numbers."""

from __future__ import annotations

from typing import Final

FIGURES: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "万", "亿", "万亿")
_GROUP: Final = 10_000
_TWENTY: Final = 20


def cardinal(number: int) -> str:
    """Return a cardinal number: ``10086`` is ``一万零八十六``."""
    if number == 0:
        return FIGURES[0]
    said = ""
    gap = False
    for index in reversed(range(len(_GROUPS))):
        group = number // _GROUP**index % _GROUP
        if group == 0:
            gap = bool(said)
            continue
        if said and (gap or group < _GROUP // 10):
            said += FIGURES[0]
        said += _below_ten_thousand(group, first=not said) + _GROUPS[index]
        gap = False
    return said


def _below_ten_thousand(number: int, *, first: bool) -> str:
    if first and 10 <= number < _TWENTY:  # noqa: PLR2004 - ten and the teens begin without a one
        return "十" + (FIGURES[number % 10] if number % 10 else "")
    said = ""
    gap = False
    for place in reversed(range(4)):
        figure = number // 10**place % 10
        if figure == 0:
            gap = bool(said)
            continue
        said += (FIGURES[0] if gap else "") + FIGURES[figure] + _PLACES[place]
        gap = False
    return said
