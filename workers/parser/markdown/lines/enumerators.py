"""Enumerators of list items that Markdown does not know: ``A.``, ``ii.``, ``(1)``, ``①`` and the Chinese ones."""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

from voicestream.workers.text.lazy_regex import lazy_regex

_MARK: Final = lazy_regex(r"(\*\*|__)?(?:([A-Za-z])|([IVX]{2,5}|[ivx]{2,5})|(\d{1,3}))[.)](?(1)\1)[ \t]+")
_MAYBE_MARK: Final = lazy_regex(
    r"(?:\*{1,2}|_{1,2})?(?:[A-Za-z]|[IVX]{2,5}|[ivx]{2,5}|\d{1,3})?(?:[.)][*_]{0,2}[ \t]*)?\Z"
)
_BRACKETED: Final = lazy_regex(
    r"\(?(?:[^\W\d_]|[ivx]{2,5})\)[ \t]|\((?:\d{1,3}|[IVX]{1,5})\)[ \t]"
    r"|（(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[A-Za-z])）"
)
"""Items, too, but what is in brackets stays part of the text."""
_MAYBE_BRACKETED: Final = lazy_regex(r"[(（]?(?:[^\W\d_]|[ivxIVX]{1,5}|\d{1,3}|[一二三四五六七八九十]{1,3})?[)）]?\Z")
_HAN: Final = lazy_regex(
    r"[一二三四五六七八九十]{1,3}(?:、|[.．](?![\d.]))|第[一二三四五六七八九十\d]{1,3}[步章节節条條点點项項段种種]"
)
_MAYBE_HAN: Final = lazy_regex(r"第?[一二三四五六七八九十]{0,3}\Z|第\d{1,3}\Z")
_WIDE_NUMBER: Final = lazy_regex(r"([0-9０-９]{1,3})(?:[、．]|[.)](?=[\u3041-\u30ff\u3400-\u9fff]))[ \t]*")
_MAYBE_WIDE_NUMBER: Final = lazy_regex(r"[0-9０-９]{1,3}[.)]?\Z")
_CIRCLED: Final = lazy_regex(r"([①-⑳⓪❶-❿➀-➓⓵-⓾⑴-⒇])[ \t]*")
_ROMAN: Final = {"I": 1, "V": 5, "X": 10}
_LONGEST: Final = 12
"""Characters of an enumerator."""


class Enumerator(NamedTuple):
    """An enumerator at the beginning of a line."""

    end: int
    """Index of the content."""
    number: str
    """As it is said; "" when it stays part of the text."""
    mark: str = ""
    """Its letter or Roman numeral."""


def read(line: str, i: int, *, complete: bool, after: str, in_paragraph: bool) -> Enumerator | bool | None:
    """The enumerator at index ``i`` of a line; False: there is none; None: more of the line is needed.

    Args:
        line: The line so far.
        i: Index behind the indentation and the marks before.
        complete: It is the whole line.
        after: Letter or Roman numeral of the item before, "" when there was none.
        in_paragraph: The line would continue a paragraph if it were text.
    """
    rest = line[i : i + _LONGEST + 8]
    first = rest[0]
    if first.isascii():
        return _ascii(rest, i, complete=complete, after=after, in_paragraph=in_paragraph)
    if (circled := _CIRCLED.match(rest)) is not None:
        return Enumerator(i + circled.end(), str(int(unicodedata.numeric(circled[1]))))
    if (wide := _WIDE_NUMBER.match(rest)) is not None:
        return Enumerator(i + wide.end(), unicodedata.normalize("NFKC", wide[1]))
    if _HAN.match(rest) or _BRACKETED.match(rest):
        return Enumerator(i, "")
    if complete or len(rest) > _LONGEST:
        return False
    return None if _MAYBE_HAN.match(rest) or _MAYBE_BRACKETED.match(rest) or _MAYBE_WIDE_NUMBER.match(rest) else False


def _ascii(rest: str, i: int, *, complete: bool, after: str, in_paragraph: bool) -> Enumerator | bool | None:
    if (wide := _WIDE_NUMBER.match(rest)) is not None:
        return Enumerator(i + wide.end(), wide[1])
    found = _MARK.match(rest)
    if found is not None and (found.end() < len(rest) or complete):
        mark = found[2] or found[3] or ""
        if found[4] and found[1]:
            return Enumerator(i + found.end(), found[4])
        if mark and rest[found.end(2 if found[2] else 3)] == "." and _follows(mark, after, in_paragraph=in_paragraph):
            return Enumerator(i + found.end(), mark, mark)
    if _BRACKETED.match(rest):
        return Enumerator(i, "")
    if complete or len(rest) > _LONGEST:
        return False
    is_open = _MAYBE_MARK.match(rest) or _MAYBE_BRACKETED.match(rest) or _MAYBE_WIDE_NUMBER.match(rest)
    return None if is_open else False


def _follows(mark: str, after: str, *, in_paragraph: bool) -> bool:
    """Return whether a letter or a Roman numeral enumerates: it is the first, or the one after the last."""
    if len(mark) == 1 and (mark in ("A", "a") or len(after) == 1) and (mark not in ("I", "i") or after in ("H", "h")):
        if mark in ("A", "a"):
            return mark == "A" or not in_paragraph
        return ord(mark) == ord(after) + 1 or (_value(after) > 0 and _value(mark) == _value(after) + 1)
    if mark in ("I", "i"):
        return not in_paragraph
    value = _value(mark)
    if len(mark) == 1:
        return bool(after) and value > 1 and value == _value(after) + 1
    return value > 1 and (mark.isupper() or value == _value(after) + 1)


def _value(numeral: str) -> int:
    """The number that a Roman numeral stands for; 0: it is none."""
    values = [_ROMAN.get(letter, 0) for letter in numeral.upper()]
    if not values or 0 in values:
        return 0
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )
