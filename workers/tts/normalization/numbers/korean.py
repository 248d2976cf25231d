"""Native Korean numbers, which count things, people and hours."""

from __future__ import annotations

from typing import Final

_ONES: Final = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_TENS: Final = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")

COUNTERS: Final = (
    *(
        "번째",
        "가지",
        "시간",
        "사람",
        "군데",
        "마디",
        "시",
        "개",
        "명",
        "번",
        "살",
        "마리",
        "권",
        "대",
        "달",
        "줄",
        "쌍",
    ),
    *("곳", "잔", "장", "벌", "배", "차례", "그루"),
)
"""Counters used with native numbers."""


def native(number: int) -> str:
    """Return a number from 1 to 99 in the form before a counter; "" for others, which are Sino-Korean."""
    tens, ones = divmod(number, 10)
    if not 0 < tens * 10 + ones < 100:  # noqa: PLR2004 - there are none from a hundred on
        return ""
    if number == 20:  # noqa: PLR2004 - the one that changes
        return "스무"
    return _TENS[tens] + _ONES[ones]
