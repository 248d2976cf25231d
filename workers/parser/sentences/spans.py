"""Stretches of markup in which no sentence ends: code spans, links, tags, formulas, struck-through text.

Every question is answered from a bounded stretch of text and never taken back when more arrives: a stretch that is
not closed yet is ``None`` (ask again), one that is not closed within its limit is no stretch at all. So the
answer does not depend on how the input was cut.
"""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.text.word_set import word_set

CODE_LIMIT: Final = 600
"""Characters of the longest code span; further away the closing mark belongs to something else."""
LABEL_LIMIT: Final = 300
"""Characters between brackets."""
_DEEPEST: Final = 6
"""Brackets within brackets; what is nested deeper is no label."""
TAG_LIMIT: Final = 300
LONG_LIMIT: Final = 900
"""Comments, formulas and struck-through text."""

_TAG: Final = re.compile(r"</?([A-Za-z][\w:-]*+)[^<>]*+>")
_TAG_END: Final = re.compile(r"[<>]")
_TICKS: Final = re.compile(r"`+")
_BRACKETS: Final = re.compile(r"[\[\]]")
_OPEN_COMMENT: Final = "<!--"

BLOCK_TAGS: Final = word_set(
    """
    address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr li main menu nav ol optgroup option p section summary table tbody td tfoot
    th thead tr ul
    """
)
"""Tags at which a line ends where they are shown."""


def end_of_code(text: str, start: int, *, final: bool) -> int | None:
    """Index after the code span whose backticks begin at ``start``; the end of these backticks when it is none."""
    size = len(text)
    limit = start + CODE_LIMIT
    close = text.find("`", start + 1, limit - 1)
    if start + 1 < close < size - 1 and text[close + 1] != "`":
        return close + 1  # the usual case: single backticks
    opening = _TICKS.match(text, start)
    if opening is None:
        return start + 1
    after = opening.end()
    if after == size and not final:
        return None
    for run in _TICKS.finditer(text, after, limit):
        if run.end() == size and not final:
            return None
        if run.end() - run.start() == after - start and run.end() < limit:
            return run.end()
    return after if final or size >= limit else None


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


def end_of_angle(text: str, start: int, *, final: bool) -> tuple[int | None, bool]:
    """Index after the tag, comment or address that begins with ``<``, and whether it is a tag that ends a line."""
    size = len(text)
    if not final and _OPEN_COMMENT.startswith(text[start : start + 4]):
        return None, False
    if text.startswith(_OPEN_COMMENT, start):
        return _end_of_pair(text, start, 4, "-->", final=final), False
    following = text[start + 1 : start + 2]
    if not (following.isalpha() or following == "/"):
        return start + 1, False
    limit = start + TAG_LIMIT
    end = _TAG_END.search(text, start + 1, limit)
    if end is None:
        return (start + 1 if final or size >= limit else None), False
    tag = _TAG.match(text, start, limit)
    if tag is None:
        return (end.end() if end[0] == ">" else start + 1), False
    return tag.end(), tag[1].lower() in BLOCK_TAGS


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
