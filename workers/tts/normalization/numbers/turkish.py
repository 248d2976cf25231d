"""Turkish cardinal and ordinal numbers, written as separate words."""

from __future__ import annotations

from typing import Final

_ONES: Final = ("sıfır", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz")
_TENS: Final = ("", "on", "yirmi", "otuz", "kırk", "elli", "altmış", "yetmiş", "seksen", "doksan")
_THOUSANDS: Final = ("", "bin", "milyon", "milyar", "trilyon")

_ORDINALS: Final = {
    "sıfır": "sıfırıncı",
    "bir": "birinci",
    "iki": "ikinci",
    "üç": "üçüncü",
    "dört": "dördüncü",
    "beş": "beşinci",
    "altı": "altıncı",
    "yedi": "yedinci",
    "sekiz": "sekizinci",
    "dokuz": "dokuzuncu",
    "on": "onuncu",
    "yirmi": "yirminci",
    "otuz": "otuzuncu",
    "kırk": "kırkıncı",
    "elli": "ellinci",
    "altmış": "altmışıncı",
    "yetmiş": "yetmişinci",
    "seksen": "sekseninci",
    "doksan": "doksanıncı",
    "yüz": "yüzüncü",
    "bin": "bininci",
    "milyon": "milyonuncu",
    "milyar": "milyarıncı",
    "trilyon": "trilyonuncu",
}


def cardinal(number: int) -> str:
    """Return a cardinal number: ``2026`` is ``iki bin yirmi altı``."""
    if number == 0:
        return _ONES[0]
    said: list[str] = []
    for power in reversed(range(len(_THOUSANDS))):
        group = number // 1000**power % 1000
        if group == 0:
            continue
        if not (group == 1 and power == 1):  # bin, not bir bin
            said += _below_thousand(group)
        if power:
            said.append(_THOUSANDS[power])
    return " ".join(said)


def ordinal(number: int) -> str:
    """Return an ordinal number: ``3`` is ``üçüncü``."""
    before, space, last = cardinal(number).rpartition(" ")
    return before + space + _ORDINALS[last]


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    said = [_ONES[hundreds]] if hundreds > 1 else []
    said += ["yüz"] if hundreds else []
    tens, ones = divmod(rest, 10)
    said += [_TENS[tens]] if tens else []
    return said + ([_ONES[ones]] if ones else [])
