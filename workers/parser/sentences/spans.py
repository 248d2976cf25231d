"""Stretches of markup in which no sentence ends: code spans, links, tags, formulas, struck-through text.

Every question is answered from a bounded stretch of text and never taken back when more arrives: a stretch that is
not closed yet is ``None`` (ask again), one that is not closed within its limit is no stretch at all. So the
answer does not depend on how the input was cut.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.parser.wording import tags
from voicestream.workers.text.lazy_regex import lazy_regex

CODE_LIMIT: Final = 600
"""Characters of the longest code span; further away the closing mark belongs to something else."""
LABEL_LIMIT: Final = 300
"""Characters between brackets."""
_DEEPEST: Final = 6
"""Brackets within brackets; what is nested deeper is no label."""
TAG_LIMIT: Final = 300
LONG_LIMIT: Final = 900
"""Comments, formulas and struck-through text."""

_TAG: Final = lazy_regex(r"</?([A-Za-z][\w:-]*+)[^<>]*+>")
_TAG_END: Final = lazy_regex(r"[<>]")
_TICKS: Final = lazy_regex(r"`+")
_ESCAPED_CODE: Final = lazy_regex(
    r"`(?:[^`\\]|\\(?!`)){0,200}\\`(?:[^`\\]|\\(?!`)){0,200}\\`(?:[^`\\]|\\(?!`)){0,200}`(?!`)"
)
"""Code with escaped backticks in it, as models write it; in Markdown nothing is escaped in code."""
_OPEN_ESCAPED: Final = lazy_regex(r"`(?:[^`\\]|\\(?!`)){0,200}(?:\\`(?:[^`\\]|\\(?!`)){0,200}){0,2}\\?\Z")
_BRACKETS: Final = lazy_regex(r"[\[\]]")
_OPEN_COMMENT: Final = "<!--"


def end_of_code(text: str, start: int, *, final: bool) -> int | None:  # noqa: PLR0911 - one question after another
    """Index after the code span whose backticks begin at ``start``; the end of these backticks when it is none."""
    size = len(text)
    limit = start + CODE_LIMIT
    close = text.find("`", start + 1, limit - 1)
    if start + 1 < close < size - 1 and text[close + 1] != "`" and text[close - 1] != "\\":
        return close + 1  # the usual case: single backticks
    opening = _TICKS.match(text, start)
    if opening is None:
        return start + 1
    after = opening.end()
    if after == size and not final:
        return None
    if after == start + 1 and close > 0 and text[close - 1] == "\\":
        escaped = _ESCAPED_CODE.match(text, start, limit)
        if escaped is not None and (final or escaped.end() < size):
            return escaped.end()
        if not final and size < limit and (escaped is not None or _OPEN_ESCAPED.match(text, start)):
            return None
    closing = _run_of_ticks(after - start).search(text, after, limit) if after < limit else None
    if closing is not None and closing.end() < limit:
        return closing.end() if final or closing.end() < size else None
    return after if final or size >= limit else None


@functools.cache
def _run_of_ticks(size: int) -> re.Pattern[str]:
    """Matches neither in a longer run nor in a part of one; the runs of a long text are not looked at one by one."""
    return re.compile(rf"(?<!`)`{{{size}}}(?!`)")


def end_of_brackets(text: str, start: int, *, final: bool) -> int | None:
    """Index after ``[label]`` or ``[label](target)``; after the first bracket when it is never closed."""
    size = len(text)
    limit = start + LABEL_LIMIT
    depth = 0
    for bracket in _BRACKETS.finditer(text, start, limit):
        depth += 1 if bracket[0] == "[" else -1
        if depth > _DEEPEST:
            return start + 1
        if depth == 0:
            return _end_of_target(text, bracket.end(), final=final)
    return start + 1 if final or size >= limit else None


def _end_of_target(text: str, start: int, *, final: bool) -> int | None:
    if start == len(text):
        return start if final else None
    if text[start] != "(":
        return start
    limit = start + LABEL_LIMIT
    close = text.find(")", start, limit)
    if close >= 0:
        return close + 1
    return start if final or len(text) >= limit else None


def end_of_angle(text: str, start: int, *, final: bool) -> tuple[int | None, bool]:  # noqa: PLR0911 - one question after another
    """Index after the tag, comment or address that begins with ``<``, and whether it is a tag that ends a line."""
    size = len(text)
    if not final and _OPEN_COMMENT.startswith(text[start : start + 4]):
        return None, False
    if text.startswith(_OPEN_COMMENT, start):
        return _end_of_pair(text, start, 4, "-->", final=final), False
    following = text[start + 1 : start + 2]
    if following in ("|", "｜"):
        return _end_of_control(text, start, final=final)
    if not (following.isalpha() or following == "/"):
        return start + 1, False
    limit = start + TAG_LIMIT
    end = _TAG_END.search(text, start + 1, limit)
    if end is None:
        return (start + 1 if final or size >= limit else None), False
    tag = _TAG.match(text, start, limit)
    if tag is None:
        return (end.end() if end[0] == ">" else start + 1), False
    if not tags.has_attributes(tag[0][1:-1].lstrip("/")[len(tag[1]) :]):
        return start + 1, False
    if tags.is_silent(tag[1]) and text[start + 1] != "/" and not tag[0].endswith("/>"):
        return _end_of_pair(text, start, len(tag[0]), f"</{tag[1]}>", final=final), False
    return tag.end(), tags.ends_line(tag[1])


def _end_of_control(text: str, start: int, *, final: bool) -> tuple[int | None, bool]:
    """Index after a control token of a chat template, at which a line ends, too."""
    token = tags.CONTROL.match(text, start, start + TAG_LIMIT)
    is_open = len(text) < start + TAG_LIMIT and not final
    if token is None:
        closed = text.find(">", start, start + TAG_LIMIT) >= 0
        return (None if is_open and not closed else start + 1), False
    if token.end() == len(text) and is_open:
        return None, False
    return token.end(), True


def is_open(text: str, start: int) -> bool:
    """Return whether the code span or label at ``start`` goes on behind the end of a text."""
    if text[start] not in "`[":
        return False
    end = (end_of_code if text[start] == "`" else end_of_brackets)(text, start, final=True)
    return end is not None and end < len(text)


def end_of_struck(text: str, start: int, *, final: bool) -> int | None:
    """Index after ``~~struck~~``."""
    return _end_of_doubled(text, start, "~~", final=final)


def end_of_formula(text: str, start: int, *, final: bool) -> int | None:
    """Index after ``$$formula$$``."""
    return _end_of_doubled(text, start, "$$", final=final)


def _end_of_doubled(text: str, start: int, mark: str, *, final: bool) -> int | None:
    if start + 1 == len(text) and not final:
        return None
    if not text.startswith(mark, start):
        return start + 1
    return _end_of_pair(text, start, 2, mark, final=final)


def end_of_escape(text: str, start: int, *, final: bool) -> int | None:
    r"""Index after a backslash and what it escapes, or after ``\(formula\)``."""
    if start + 1 == len(text):
        return start + 1 if final else None
    closing = {"(": "\\)", "[": "\\]"}.get(text[start + 1])
    if closing is None:
        return start + 2
    return _end_of_pair(text, start, 2, closing, final=final)


def _end_of_pair(text: str, start: int, width: int, closing: str, *, final: bool) -> int | None:
    limit = start + LONG_LIMIT
    close = text.find(closing, start + width, limit)
    if close >= 0:
        return close + len(closing)
    return start + width if final or len(text) >= limit else None
