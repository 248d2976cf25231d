"""Hungarian cardinal numbers."""

from __future__ import annotations

from typing import Final

_ONES: Final = ("nulla", "egy", "kettő", "három", "négy", "öt", "hat", "hét", "nyolc", "kilenc")
_TENS: Final = ("", "tíz", "húsz", "harminc", "negyven", "ötven", "hatvan", "hetven", "nyolcvan", "kilencven")
_JOINED: Final = {1: "tizen", 2: "huszon"}
"""Irregular tens before ones."""
_THOUSANDS: Final = ("", "ezer", "millió", "milliárd", "billió")
_HYPHENS_FROM: Final = 2000


def cardinal(number: int) -> str:
    """Return a cardinal number: ``2026`` is ``kétezer-huszonhat``."""
    if number == 0:
        return _ONES[0]
    said: list[str] = []
    for power in reversed(range(len(_THOUSANDS))):
        group = number // 1000**power % 1000
        if group == 0:
            continue
        counted = "" if group == 1 and power == 1 else before_noun(_below_thousand(group)) if power else ""
        said.append(counted + _THOUSANDS[power] if power else _below_thousand(group))
    return ("-" if number > _HYPHENS_FROM else "").join(said)


def before_noun(said: str) -> str:
    """Return the attributive form of a number: two has another form before a noun."""
    return said.removesuffix("kettő") + "két" if said.endswith("kettő") else said


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    said = (before_noun(_ONES[hundreds]) if hundreds > 1 else "") + "száz" if hundreds else ""
    tens, ones = divmod(rest, 10)
    if ones == 0:
        return said + _TENS[tens]
    return said + _JOINED.get(tens, _TENS[tens]) + _ONES[ones]
