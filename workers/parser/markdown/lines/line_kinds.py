"""Kinds of lines, told as early as they are certain, and the same whether the line is whole or not.

The marks that open a line may be nested (``> - [ ] text``); ``classify`` takes them all off and says what is left.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voicestream.workers.parser.markdown.lines import enumerators, machine_text
from voicestream.workers.parser.markdown.lines.line import PLAIN, Kind, Line, Place
from voicestream.workers.parser.wording.cleanup import opens_a_line
from voicestream.workers.parser.wording.tags import is_known, is_silent
from voicestream.workers.text.lazy_regex import lazy_regex

_INDENT: Final = lazy_regex(r"[ \t\u00a0\u3000]*")
_BULLETS: Final = "-*+•‣◦▪●○–—→⇒➜➔➤➥▶►▸▹·∙⁃◆◇■◾◼・"
_OPENERS: Final = frozenset("#>_=~`|<{[$\\@0123456789d:!?" + _BULLETS)
_BULLET: Final = lazy_regex(rf"(?:[{_BULLETS}]\ufe0f?|->|={{1,2}}>)[ \t]+|・[ \t]*(?=[^ \t])")
_MAYBE_BULLET: Final = lazy_regex(rf"(?:[{_BULLETS}]\ufe0f?|->?|={{1,2}}>?)\Z")
_ORDERED: Final = lazy_regex(r"(\d{1,3})(?:[.)](?=[ \t])|\ufe0f?\u20e3)[ \t]*")
_MAYBE_ORDERED: Final = lazy_regex(r"\d{1,3}(?:[.)]|\ufe0f)?\Z")
_MOST_MARKERS: Final = 16
"""List markers that are taken off one line."""
_ADMONITION: Final = lazy_regex(r"(?:!{3}|\?{3}\+?) +[a-z]")
_MAYBE_ADMONITION: Final = lazy_regex(r"(?:!{1,3}|\?{1,3}\+?) *\Z")
_ENUMERATING: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz(*_0123456789")
_ENUMERATED: Final = frozenset(".)IVXivx*_(0123456789、．")
_BOX: Final = lazy_regex(r"\[([ xX])\][ \t]+|([☐⬜◻🔲])\ufe0f?[ \t]*|([☑☒🗹])\ufe0f?[ \t]*")
_MAYBE_BOX: Final = lazy_regex(r"\[(?:[ xX](?:\][ \t]*)?)?\Z|[☐⬜◻🔲☑☒🗹]\ufe0f?[ \t]*\Z")
_BALLOTS: Final = frozenset("☐⬜◻🔲☑☒🗹")
_RULE: Final = lazy_regex(r"([-*_=~+])(?:[ \t]*\1){2,}[ \t]*\Z")
_MARKS: Final = lazy_regex(r"[-*_=~+ \t]*\Z")
_HEADING: Final = lazy_regex(r"#{1,6}(?=[ \t]|\Z)")
_FENCE: Final = lazy_regex(r"(`{3,}|~{3,})([^`]*)\Z")
_LABEL: Final = lazy_regex(r"\[(\^?)[^\[\]]+\](:?)")
_TARGET: Final = lazy_regex(r"[ \t]*<?(?:[a-z][a-z0-9+.-]*:|/|\.|#)\S*", re.IGNORECASE)
_OPEN_TAG: Final = lazy_regex(r"<([A-Za-z][\w.:-]{0,60})(?:[\s=][^>]*)?>")
_CONFLICT: Final = lazy_regex(r"<{5,}(?:[ \t]|\Z)")
_DIFF: Final = lazy_regex(r"diff --git |@@ -\d|(?:---|\+\+\+) (?:[ab]/|/dev/null|\"[ab]/)")
_JSON_LINE: Final = lazy_regex(r"[\[{]\s*(?:[\"\[{\]}]|-?\d|true\b|false\b|null\b|\Z)")
_ENVIRONMENT: Final = lazy_regex(r"\\begin\{([^{}]{1,40})\}")
_BOX_DRAWING: Final = lazy_regex(r"[\u2500-\u257f+|=\- \t]+\Z")
_TITLED_RULER: Final = lazy_regex(r"[\u2500\u2501\u2550]{2,}[^\u2502\u2503\u2551]+\Z")
_LONE_TAG: Final = lazy_regex(r"</?([A-Za-z][\w.:-]{0,60})(?:\s[^<>]*)?/?>[ \t]*\Z")
_FEWEST_OF_CODE: Final = 4
"""Characters behind the indentation that tell a list item from code."""
_WORDY_OPENERS: Final = ("diff --git ", "-----BEGIN ", "\\begin{", "*** Begin Patch", "<!--")
JSON_CONTINUES: Final = lazy_regex(r"\s*(?:[\"{}\[\],]|-?\d|true\b|false\b|null\b|\.\.\.|//|\Z)")
"""The beginning of a further line of JSON."""


_WORD: Final = lazy_regex(
    r"(?!Tra|gor|[Ss]ta|nod|not|dif|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|[IVXivx][ivx]{2})[A-Za-z][a-z]{2}"
    r"|[A-Z][a-hj-uwyz]? [a-z]"
)


_ITEM: Final = lazy_regex(r"[-*] (?!dif|[IVXivx][ivx]{2})(?:[A-Za-z][a-z]{2}|[A-Z][a-hj-uwyz]? [a-z])")
_PLAIN_ITEM: Final = Line(Kind.TEXT, 2, item=True)


def usual_kind(line: str) -> Line | None:
    """The kind of a line that begins with an ordinary word, or with a bullet and one: these need no other check."""
    if _WORD.match(line) is not None:
        return PLAIN
    return _PLAIN_ITEM if _ITEM.match(line) is not None else None


def classify(line: str, place: Place, *, complete: bool) -> Line | None:  # noqa: C901 - one question after another
    """Tell the kind of a line.

    Args:
        line: The line so far, without its end.
        place: Where it stands.
        complete: It is the whole line.

    Returns:
        The kind, or None when more of the line is needed to be sure.
    """
    if line and (special := _unmarked(line, place, complete=complete)) is not _ORDINARY:
        return special
    i = 0
    item = False
    markers = 0
    in_paragraph = place.in_paragraph
    number = box = ""
    while True:
        indent = _INDENT.match(line, i)
        i = indent.end() if indent else i
        if i == len(line):
            return Line(Kind.BLANK, i, item, number, box) if complete else None
        first = line[i]
        if first in _BALLOTS and not box:
            ballot = _BOX.match(line, i)
            if ballot is None or (ballot.end() == len(line) and not complete):
                return None
            item, in_paragraph, box, i = True, False, _state_of(ballot), ballot.end()
            continue
        if first not in _OPENERS:
            break
        if first == ">" and not line.startswith(">>>", i):
            i += 1
            in_paragraph = False
            continue
        if (not item or not number) and markers < _MOST_MARKERS:
            marker = _marker(line, i, complete=complete, numbered=not in_paragraph or place.in_list)
            if marker is None:
                return None
            end, digits, check = marker
            if end > i:
                markers += 1
                item, in_paragraph = True, False
                number, box, i = digits or number, check or box, end
                continue
        break
    found = Line(Kind.TEXT, i, item, number, box)
    return _content(line, found, place.mark, complete=complete, in_paragraph=in_paragraph)


_ORDINARY: Final = Line(Kind.TEXT, -1)


def _unmarked(line: str, place: Place, *, complete: bool) -> Line | None:  # noqa: PLR0911 - one question after another
    """The kind of a line that no mark makes special: machine text, indented code, front matter; else ``_ORDINARY``."""
    if complete:
        machine = machine_text.kind_of(line)
        if machine is not None:
            return Line(Kind.MACHINE, 0, until=machine.name)
    elif machine_text.may_be(line):
        return None
    if place.begins and complete and line.rstrip() in ("---", "+++"):
        return Line(Kind.FRONT_MATTER, 0, until=line.rstrip())
    if line[0] in " \t" and place.after_blank and not place.in_list and not place.begins:
        if line.startswith(("    ", "\t")):
            shown = line.lstrip()
            if not shown:
                return _ORDINARY
            if not complete and len(shown) < _FEWEST_OF_CODE:
                return None
            is_item = _BULLET.match(shown) or _ORDERED.match(shown) or shown[0] in _BALLOTS
            return _ORDINARY if is_item else Line(Kind.INDENTED_CODE, 0)
        if not complete and not line.strip() and "\t" not in line:
            return None
    return _ORDINARY


def _content(  # noqa: PLR0911 - one question after another
    line: str, found: Line, mark: str, *, complete: bool, in_paragraph: bool
) -> Line | None:
    """The kind of a line behind the marks that were taken off; ``mark``: ``Place.mark``."""
    i = found.start
    first = line[i]
    following = line[i + 1 : i + 2]
    may_enumerate = first in _ENUMERATING and (not following or following in _ENUMERATED)
    if (may_enumerate or not first.isascii()) and not found.number:
        enumerator = enumerators.read(line, i, complete=complete, after=mark, in_paragraph=in_paragraph)
        if enumerator is None:
            return None
        if isinstance(enumerator, enumerators.Enumerator):
            if not enumerator.number:
                return found._replace(kind=Kind.SIGN if not found.item else Kind.TEXT)
            if enumerator.end == len(line):
                return None if not complete else found
            return found._replace(start=enumerator.end, item=True, number=enumerator.number, mark=enumerator.mark)
    if first in _OPENERS:
        kind = _kind(line, i, first, complete=complete)
        if kind is None:
            return None
        return kind._replace(item=found.item, number=found.number, box=found.box)
    if "\u2500" <= first <= "\u257f":
        if not complete:
            return None
        return found._replace(kind=_drawing(line, i))
    return found._replace(kind=Kind.SIGN) if not found.item and opens_a_line(first) else found


def _drawing(line: str, i: int) -> Kind:
    """The kind of a line that begins with box drawing: a ruler, one with a title, or a row of a table or box."""
    if _BOX_DRAWING.match(line, i):
        return Kind.RULE
    return Kind.SIGN if _TITLED_RULER.match(line, i) else Kind.ROW


def _state_of(box: re.Match[str]) -> str:
    """The state of a check box: a space or an x."""
    return box[1] or (" " if box[2] else "x")


def _marker(line: str, i: int, *, complete: bool, numbered: bool) -> tuple[int, str, str] | None:
    """A list marker at ``i``: (index behind it, number, check box); index ``i`` when there is none."""
    first = line[i]
    if first.isdigit():
        return _number(line, i, complete=complete, numbered=numbered)
    bullet = _BULLET.match(line, i)
    if bullet is None:
        return None if not complete and _MAYBE_BULLET.match(line, i) else (i, "", "")
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
        return box.end(), number, _state_of(box)
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
        case "!" | "?":
            if not complete and _MAYBE_ADMONITION.match(rest):
                return None
            return _when(complete, Line(Kind.CALLOUT, i)) if _ADMONITION.match(rest) else text
        case ":":
            return _colon(rest, i, complete=complete)
        case "*":
            return Line(Kind.PATCH, i) if rest.startswith("*** Begin Patch") else text
        case _:
            return text


def _colon(rest: str, i: int, *, complete: bool) -> Line | None:
    """``: a definition``, ``:::note``."""
    if not complete and rest in (":", "::"):
        return None
    if rest.startswith(":::"):
        return _when(complete, Line(Kind.CALLOUT, i))
    if rest[1:2] in (" ", "\t"):
        start = len(rest) - len(rest[1:].lstrip(" \t"))
        return _when(complete, Line(Kind.BLANK, i)) if start == len(rest) else Line(Kind.DEFINITION, i + start)
    return Line(Kind.TEXT, i)


def _when(complete: bool, line: Line) -> Line | None:  # noqa: FBT001 - reads as "when complete, this"
    return line if complete else None


def _angle(rest: str, i: int, *, complete: bool) -> Line | None:
    if rest.startswith("<!--"):
        return Line(Kind.SILENT, i, until="-->")
    is_tag = rest[1:2].isalpha() or rest[1:2] == "/"
    if not complete and (not rest.strip("<") or (is_tag and ">" not in rest) or _CONFLICT.match(rest)):
        return None
    if _CONFLICT.match(rest):
        return Line(Kind.CONFLICT, i)
    tag = _OPEN_TAG.match(rest)
    if tag is not None and is_silent(tag[1]):
        return Line(Kind.SILENT, i, until=f"</{tag[1]}>")
    lone = _LONE_TAG.match(rest)
    if lone is not None and not is_known(lone[1]):
        return Line(Kind.TAG, i) if complete else None
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
