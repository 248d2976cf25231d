"""Parts of a Markdown page that rules of form concern: prose lines, paragraphs, sections, code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_COLUMNS: Final = 100
MAX_WORDS: Final = 90
"""Limit of a paragraph."""

SECTIONS_WITHOUT_CONTENTS: Final = 5
"""A page with more second-level headings needs a list of contents."""

_FENCE: Final = re.compile(r"^ *```")
_ITEM: Final = re.compile(r"^ *([-*]|\d+\.) ")
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_SENTENCE_END: Final = re.compile(r"[.!?:;](\*\*)?[)\"”]?(\*\*)?$")


class Line(NamedTuple):
    """A line of a page: its number, its text, and True if it belongs to a code block."""

    number: int
    text: str
    is_code: bool


def lines(page: str) -> Iterator[Line]:
    """Yield all lines; an indented block behind an empty line is code, too."""
    in_fence = is_indented = False
    before = ""
    in_list = False
    for number, text in enumerate(page.splitlines(), start=1):
        if _FENCE.match(text):
            in_fence = not in_fence
            yield Line(number, text, is_code=True)
            before = text
            continue
        if text.strip():
            in_list = bool(_ITEM.match(text)) or (in_list and text.startswith(" "))
            is_indented = text.startswith("    ") and (is_indented or not before.strip()) and not in_list
        yield Line(number, text, is_code=in_fence or is_indented)
        before = text


def long_lines(page: str) -> list[int]:
    """Return the numbers of lines of prose that are too long and do not end at a sentence."""
    return [
        line.number
        for line in lines(page)
        if len(line.text) > MAX_COLUMNS
        and not line.is_code
        and not line.text.lstrip().startswith(("|", "#", "<"))
        and " " in line.text.strip()[: MAX_COLUMNS - 2]
        and not _SENTENCE_END.search(line.text.rstrip())
    ]


def long_paragraphs(page: str) -> list[int]:
    """Return the numbers of the first lines of paragraphs and list items with too many words."""
    found: list[int] = []
    first, words = 0, 0
    for line in [*lines(page), Line(0, "", is_code=False)]:
        ends = not line.text.strip() or line.is_code or line.text.lstrip().startswith(("|", "#", "<"))
        if ends or _ITEM.match(line.text):
            if words > MAX_WORDS:
                found.append(first)
            first, words = line.number, 0
        if not ends:
            first = first if words else line.number
            words += len(line.text.split())
    return found


def lacks_contents(page: str) -> bool:
    """Return True for a page of many sections without a list of contents in front of the first one."""
    headings = [line for line in lines(page) if line.text.startswith("## ") and not line.is_code]
    return len(headings) > SECTIONS_WITHOUT_CONTENTS and "Contents: " not in page.partition("\n## ")[0]


def code(page: str) -> Iterator[tuple[int, str]]:
    """Yield all code with line numbers: lines of blocks, and spans."""
    for line in lines(page):
        if line.is_code:
            yield line.number, line.text
        else:
            for span in _SPAN.findall(line.text):
                yield line.number, span
