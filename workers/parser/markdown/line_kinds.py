"""What kind of line begins here? Answered as early as it is certain, and the same whether the line is whole or not.

The marks that open a line may be nested (``> - [ ] text``); ``classify`` takes them all off and says what is left.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from voicestream.workers.parser.wording.cleanup import opens_a_line


class Kind(Enum):
    """Kinds of lines."""

    TEXT = auto()
    SIGN = auto()
    """Text that begins with a sign (✅, ``a)``) and is an item of its own."""
    BLANK = auto()
    RULE = auto()
    HEADING = auto()
    FENCE = auto()
    ROW = auto()
    """A row of a table."""
    JSON = auto()
    """Complete JSON in one line."""
    JSON_OPEN = auto()
    """Perhaps the first line of JSON; the next line tells."""
    FORMULA = auto()
    CONFLICT = auto()
    """``<<<<<<< SEARCH``."""
    PATCH = auto()
    """``*** Begin Patch``."""
    DIFF = auto()
    PRIVATE_KEY = auto()
    SILENT = auto()
    """A comment, or an element that is not shown: to be skipped up to ``Line.until``."""
    FOOTNOTE = auto()
    REFERENCE = auto()
    """``[name]: address``."""


class Line(NamedTuple):
    """The beginning of a line."""

    kind: Kind
    start: int
    """Index of the content, behind the marks that were taken off."""
    item: bool = False
    """A list item begins."""
    number: str = ""
    box: str = ""
    """``x`` or a space: state of the item's check box."""
    until: str = ""
    """What ends a silent stretch."""


_INDENT: Final = re.compile(r"[ \t\u00a0\u3000]*")
_OPENERS: Final = frozenset("#>-*+_=~`|<{[$\\@0123456789d•‣◦▪●○–—:")
_BULLET: Final = re.compile(r"(?:[-*+•‣◦▪●○–—])[ \t]+")
_ORDERED: Final = re.compile(r"(\d{1,3})(?:[.)](?=[ \t])|\ufe0f?\u20e3)[ \t]*")
_MAYBE_ORDERED: Final = re.compile(r"\d{1,3}(?:[.)]|\ufe0f)?\Z")
_MOST_MARKERS: Final = 16
"""List markers that are taken off one line."""
_LETTERED: Final = re.compile(r"\(?[A-Za-z]\)[ \t]")
"""``a) text`` and ``(b) text``: items too, but their letters stay part of the text."""
_MAYBE_LETTERED: Final = re.compile(r"\(?(?:[A-Za-z]\)?)?\Z")
_LETTERED_LENGTH: Final = 4
_BOX: Final = re.compile(r"\[([ xX])\][ \t]+")
_MAYBE_BOX: Final = re.compile(r"\[(?:[ xX](?:\][ \t]*)?)?\Z")
_RULE: Final = re.compile(r"([-*_=~+])(?:[ \t]*\1){2,}[ \t]*\Z")
_MARKS: Final = re.compile(r"[-*_=~+ \t]*\Z")
_HEADING: Final = re.compile(r"#{1,6}(?=[ \t]|\Z)")
_FENCE: Final = re.compile(r"(`{3,}|~{3,})([^`]*)\Z")
_LABEL: Final = re.compile(r"\[(\^?)[^\[\]]+\](:?)")
_TARGET: Final = re.compile(r"[ \t]*<?(?:[a-z][a-z0-9+.-]*:|/|\.|#)\S*", re.IGNORECASE)
_SILENT_TAG: Final = re.compile(r"<(think|thinking|reasoning|script|style|pre|svg)(?:\s[^>]*)?>", re.IGNORECASE)
_CONFLICT: Final = re.compile(r"<{5,}(?:[ \t]|\Z)")
_DIFF: Final = re.compile(r"diff --git |@@ -\d|(?:---|\+\+\+) (?:[ab]/|/dev/null|\"[ab]/)")
_JSON_LINE: Final = re.compile(r"[\[{]\s*(?:[\"\[{\]}]|-?\d|true\b|false\b|null\b|\Z)")
_ENVIRONMENT: Final = re.compile(r"\\begin\{([^{}]{1,40})\}")
_BOX_DRAWING: Final = re.compile(r"[\u2500-\u257f+|=\- \t]+\Z")
_WORDY_OPENERS: Final = ("diff --git ", "-----BEGIN ", "\\begin{", "*** Begin Patch", "<!--")
JSON_CONTINUES: Final = re.compile(r"\s*(?:[\"{}\[\],]|-?\d|true\b|false\b|null\b|\.\.\.|//|\Z)")
"""How a further line of JSON may begin."""


def classify(  # noqa: C901, PLR0911, PLR0912 - one mark after another
    line: str, *, complete: bool, in_paragraph: bool, in_list: bool
) -> Line | None:
    """Say what kind of line begins.

    Args:
        line: The line so far, without its end.
        complete: It is the whole line.
        in_paragraph: It would continue a paragraph if it were text.
        in_list: A list item is open or was the block before.

    Returns:
        The kind, or None when more of the line is needed to be sure.
    """
    i = 0
    item = False
    markers = 0
    number = box = ""
    while True:
        indent = _INDENT.match(line, i)
        i = indent.end() if indent else i
        if i == len(line):
            return Line(Kind.BLANK, i, item, number, box) if complete else None
        first = line[i]
        if first not in _OPENERS:
            break
        if first == ">" and not line.startswith(">>>", i):
            i += 1
            in_paragraph = False
            continue
        if (not item or not number) and markers < _MOST_MARKERS:
            marker = _marker(line, i, complete=complete, numbered=not in_paragraph or in_list)
            if marker is None:
                return None
            end, digits, check = marker
            if end > i:
                markers += 1
                item, in_paragraph = True, False
                number, box, i = digits or number, check or box, end
                continue
        break
    if first in _OPENERS:
        kind = _kind(line, i, first, complete=complete)
        if kind is None:
            return None
        return kind._replace(item=item, number=number, box=box)
    if "\u2500" <= first <= "\u257f":
        if not complete:
            return None
        return Line(Kind.RULE if _BOX_DRAWING.match(line, i) else Kind.ROW, i, item, number, box)
    if first.isascii() and not item:
        lettered = _LETTERED.match(line, i)
        if lettered is None and not complete and len(line) - i < _LETTERED_LENGTH and _MAYBE_LETTERED.match(line, i):
            return None
        sign = lettered is not None
    else:
        sign = not item and opens_a_line(first)
    return Line(Kind.SIGN if sign else Kind.TEXT, i, item, number, box)


def _marker(line: str, i: int, *, complete: bool, numbered: bool) -> tuple[int, str, str] | None:
    """A list marker at ``i``: (index behind it, number, check box); index ``i`` when there is none."""
    first = line[i]
    if first.isdigit():
        return _number(line, i, complete=complete, numbered=numbered)
    bullet = _BULLET.match(line, i)
    if bullet is None:
        return None if not complete and len(line) == i + 1 and first in "-*+•‣◦▪●○–—" else (i, "", "")
    if _MARKS.match(line, i):
        if not complete:
            return None
        if _RULE.match(line, i):
            return i, "", ""
    return _check_box(line, bullet.end(), "", complete=complete)


def _number(line: str, i: int, *, complete: bool, numbered: bool) -> tuple[int, str, str] | None:
    found = _ORDERED.match(line, i)
    if found is None:
        return None if not complete and _MAYBE_ORDERED.match(line, i) else (i, "", "")
    if not numbered and found[1] != "1":
        return i, "", ""
    if found.end() == len(line):
        return (i, "", "") if complete else None
    return _check_box(line, found.end(), found[1], complete=complete)


def _check_box(line: str, i: int, number: str, *, complete: bool) -> tuple[int, str, str] | None:
    box = _BOX.match(line, i)
    if box is not None:
        return box.end(), number, box[1]
    if not complete and (i == len(line) or _MAYBE_BOX.match(line, i)):
        return None
    return i, number, ""


def _kind(line: str, i: int, first: str, *, complete: bool) -> Line | None:  # noqa: C901, PLR0911, PLR0912 - a table of kinds
    rest = line[i:]
    text = Line(Kind.TEXT, i)
    if not complete and any(opener.startswith(rest) for opener in _WORDY_OPENERS):
        return None
    if first in "-*_=~+" and _MARKS.match(rest):
        if not complete:
            return None
        if first == "~" and _FENCE.match(rest):
            return Line(Kind.FENCE, i)
        return Line(Kind.RULE, i) if _RULE.match(rest) else text
    match first:
        case "#":
            if not complete and not rest.strip("#"):
                return None
            return _when(complete, Line(Kind.HEADING, i)) if _HEADING.match(rest) else text
        case "`" | "~":
            if rest.startswith("~") and not rest.startswith("~~~"):
                return text
            if not complete and ("`" not in rest.lstrip("`") if first == "`" else True):
                return None
            return Line(Kind.FENCE, i) if complete and _FENCE.match(rest) else text
        case "|":
            return _when(complete, Line(Kind.ROW, i))
        case "<":
            return _angle(rest, i, complete=complete)
        case "{":
            return _json(rest, i, complete=complete) if _JSON_LINE.match(rest) else text
        case "[":
            return _bracket(rest, i, complete=complete)
        case "$":
            if rest == "$" and not complete:
                return None
            return _formula(rest, i, "$$", complete=complete) if rest.startswith("$$") else text
        case "\\":
            if rest.startswith("\\["):
                return _formula(rest, i, "\\]", complete=complete)
            if rest.startswith("\\begin{"):
                name = _ENVIRONMENT.match(rest)
                return _when(complete, Line(Kind.FORMULA, i, until=f"\\end{{{name[1]}}}") if name else text)
            return text
        case "-" | "+" | "@" | "d":
            if rest.startswith("-----BEGIN ") and "PRIVATE KEY" in rest:
                return Line(Kind.PRIVATE_KEY, i)
            if rest.startswith(("-----BEGIN ", "--- ", "+++ ", "@@")) or (first == "@" and rest == "@"):
                return _when(complete, Line(Kind.DIFF, i) if _DIFF.match(rest) else text)
            return Line(Kind.DIFF, i) if rest.startswith("diff --git ") else text
        case "*":
            return Line(Kind.PATCH, i) if rest.startswith("*** Begin Patch") else text
        case _:
            return text


def _when(complete: bool, line: Line) -> Line | None:  # noqa: FBT001 - reads as "when complete, this"
    return line if complete else None


def _angle(rest: str, i: int, *, complete: bool) -> Line | None:
    if rest.startswith("<!--"):
        return Line(Kind.SILENT, i, until="-->")
    if not complete and (not rest.strip("<") or (rest[1:2].isalpha() and ">" not in rest) or _CONFLICT.match(rest)):
        return None
    if _CONFLICT.match(rest):
        return Line(Kind.CONFLICT, i)
    silent = _SILENT_TAG.match(rest)
    if silent is not None:
        return Line(Kind.SILENT, i, until=f"</{silent[1]}>")
    return Line(Kind.TEXT, i)


def _bracket(rest: str, i: int, *, complete: bool) -> Line | None:
    if not complete:
        label = _LABEL.match(rest)
        certain = label is not None and not label[2] and label.end() < len(rest) and not _JSON_LINE.match(rest)
        return Line(Kind.TEXT, i) if certain else None
    label = _LABEL.match(rest)
    if label is not None and label[2]:
        if label[1]:
            return Line(Kind.FOOTNOTE, i)
        if _TARGET.match(rest, label.end()):
            return Line(Kind.REFERENCE, i)
    return _json(rest, i, complete=complete) if _JSON_LINE.match(rest) else Line(Kind.TEXT, i)


def _json(rest: str, i: int, *, complete: bool) -> Line | None:
    if not complete:
        return None
    try:
        msgspec.json.decode(rest)
    except (msgspec.DecodeError, RecursionError):
        is_open = rest.count("{") + rest.count("[") > rest.count("}") + rest.count("]")
        return Line(Kind.JSON_OPEN if is_open else Kind.TEXT, i)
    return Line(Kind.JSON, i)


def _formula(rest: str, i: int, closing: str, *, complete: bool) -> Line | None:
    if not complete:
        return None
    close = rest.find(closing, len(closing))
    if close < 0:
        return Line(Kind.FORMULA, i, until=closing)
    return Line(Kind.TEXT, i)
