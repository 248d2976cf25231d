"""Readings of Japanese numbers with counters, where the dictionary joins the readings of the parts unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Word(NamedTuple):
    """Word of a sentence."""

    surface: str
    reading: str
    """Katakana."""
    is_number: bool


_DOUBLED: Final = {"イチ": "イッ", "ロク": "ロッ", "ハチ": "ハッ", "ジュー": "ジュッ", "ヒャク": "ヒャッ"}
"""Ends of numbers, and their forms before some consonants."""

_K: Final = frozenset("回件個階箇級曲軒局課機棟")
"""Counters in k, before which one, six, ten and a hundred are doubled."""
_S_T: Final = frozenset("冊歳才章種週周社隻席足通点着頭等丁")
"""Counters in s and t, before which one, eight and ten are."""
_H: Final = {
    "本": ("ホン", "ポン", "ボン"),
    "匹": ("ヒキ", "ピキ", "ビキ"),
    "杯": ("ハイ", "パイ", "バイ"),
    "票": ("ヒョー", "ピョー", "ビョー"),
    "分": ("フン", "プン", "プン"),
    "泊": ("ハク", "パク", "パク"),
    "発": ("ハツ", "パツ", "パツ"),
}
"""Counters in h: alone, behind a doubled number, behind three and a thousand."""

_VOICED: Final = {"階": "ガイ", "軒": "ゲン"}
"""Counters in k behind three."""

_BY_COUNTER: Final = {
    "月": {"四": "シ", "七": "シチ", "九": "ク"},
    "時": {"四": "ヨ", "七": "シチ", "九": "ク"},
    "時間": {"四": "ヨ", "七": "シチ", "九": "ク"},
    "年": {"四": "ヨ"},
    "円": {"四": "ヨ"},
    "人": {"四": "ヨ"},
}
"""Numbers that have another reading before a counter."""

_DAYS: Final = dict(zip("二三四五六七八九十", "フツ ミッ ヨッ イツ ムイ ナノ ヨー ココノ トー".split(), strict=True))
"""Numbers of days up to ten, before ``カ``."""


def with_readings(words: Sequence[Word]) -> list[Word]:
    """Return words with the readings that numbers and counters have together."""
    found = list(words)
    for index in range(1, len(found)):
        number, counter = found[index - 1], found[index]
        if number.is_number and not counter.is_number:
            before = found[index - 2] if index > 1 else None
            found[index - 1], found[index] = _together(before, number, counter)
    return found


def _together(before: Word | None, number: Word, counter: Word) -> tuple[Word, Word]:
    surface, digit = counter.surface, number.surface[-1:]
    if surface == "日":
        return _day(before, number, counter)
    if surface in _BY_COUNTER:
        reading = _BY_COUNTER[surface].get(digit)
        return (number if reading is None else number._replace(reading=_ending(number.reading, reading)), counter)
    if surface in _H:
        return _with_h(number, counter)
    if surface in _K and digit == "三" and surface in _VOICED:
        return number, counter._replace(reading=_VOICED[surface])
    if (surface in _K and digit != "八") or (surface in _S_T and digit not in "六百"):
        return number._replace(reading=_doubled(number.reading) or number.reading), counter
    return number, counter


def _with_h(number: Word, counter: Word) -> tuple[Word, Word]:
    alone, doubled, voiced = _H[counter.surface]
    reading = _doubled(number.reading)
    if reading:
        return number._replace(reading=reading), counter._replace(reading=doubled)
    is_voiced = number.surface[-1:] in "三千万" or (counter.surface == "分" and number.surface[-1:] == "四")
    return number, counter._replace(reading=voiced if is_voiced else alone)


def _day(before: Word | None, number: Word, counter: Word) -> tuple[Word, Word]:
    """Days of a month: ``フツカ`` to ``トーカ``, and ``ヨッカ`` in fourteen and twenty-four."""
    is_part = before is not None and before.is_number
    if number.surface == "一" and before is not None and before.surface == "月":
        return number._replace(reading="ツイ"), counter._replace(reading="タチ")
    if number.surface in _DAYS and (not is_part or number.surface == "四"):
        return number._replace(reading=_DAYS[number.surface]), counter._replace(reading="カ")
    return number, counter


def _doubled(reading: str) -> str:
    """Return a number with a doubled consonant at its end; empty: its end is never doubled."""
    return next((reading[: -len(end)] + doubled for end, doubled in _DOUBLED.items() if reading.endswith(end)), "")


def _ending(reading: str, ending: str) -> str:
    """Return the reading of a number with another one of its last digit, which is a word of its own."""
    for usual in ("ヨン", "ナナ", "シチ", "キュー"):
        if reading.endswith(usual):
            return reading[: -len(usual)] + ending
    return reading
