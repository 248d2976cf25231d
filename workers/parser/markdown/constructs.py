"""Constructs of several lines that are not running text: fenced code, tables, JSON, diffs, formulas, comments.

A construct is given the lines after the one that began it, whole or in part, and says of each what became of it. Its
fields are its whole state.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voicestream.workers.parser.markdown import tables
from voicestream.workers.parser.markdown.construct import AGAIN, LINE_DONE, MORE, OVER, SKIP, Construct
from voicestream.workers.parser.markdown.elements import CodeBlock, Element, Lost, Row
from voicestream.workers.parser.markdown.lines.line import Kind, Line
from voicestream.workers.parser.markdown.lines.line_kinds import JSON_CONTINUES
from voicestream.workers.parser.markdown.lines.unfenced import FrontMatter, IndentedCode, MachineText
from voicestream.workers.text.lazy_regex import lazy_regex

_DIFF_LINE: Final = lazy_regex(
    r"[-+@ \\]|diff |index |new file|deleted file|similarity |rename |old mode|new mode|Binary "
)
_BOX: Final = lazy_regex("[\u2500-\u257f]")
_LONGEST_MARK: Final = 64
"""Characters of a fence, and of the name of its language, that are kept."""
_NESTING: Final = frozenset({"markdown", "md", "mdx"})
"""Code blocks in which models write three-backtick fences inside three-backtick fences."""


class Fence(Construct):
    """Fenced code."""

    mark: str = "```"
    name: str = ""
    depth: int = 1
    lines: int = 0

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Read a line of code, or the closing fence."""
        del out
        shown = line.strip(" \t>")
        sign = self.mark[0]
        if is_cut or not complete:
            if not is_cut and (not shown or shown[0] == sign):
                return MORE
            self.lines += 1
            return SKIP
        run = len(shown) - len(shown.lstrip(sign))
        if run >= len(self.mark):
            if run == len(shown):
                self.depth -= 1
                self.over = self.depth == 0
                if self.over:
                    return LINE_DONE
            elif self.name in _NESTING:
                self.depth += 1
        self.lines += 1
        return LINE_DONE

    def close(self, out: list[Element]) -> None:
        """Tell how much code it was."""
        out.append(CodeBlock(self.lines, self.name))


class Table(Construct):
    """Rows, of which the first is the header if a ruler follows."""

    header: list[str] = msgspec.field(default_factory=list[str])
    waiting: str = ""
    """The first row, until the next line tells."""
    paragraph: bool = False
    in_row: bool = False
    """The rest of a row that was cut follows."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Read a row."""
        if not complete:
            return MORE
        in_row, self.in_row = self.in_row, is_cut
        if not in_row and "|" not in line and _BOX.search(line) is None:
            self.over = True
            return OVER
        is_ruler = not in_row and not is_cut and tables.is_delimiter(line)
        if self.waiting and is_ruler:
            self.header, self.waiting = tables.cells(self.waiting), ""
        elif not is_ruler:
            self.close(out)
            self._row(line, out)
        return LINE_DONE

    def close(self, out: list[Element]) -> None:
        """Give out the first row, if it was no header."""
        if self.waiting:
            waiting, self.waiting = self.waiting, ""
            self._row(waiting, out)

    def _row(self, line: str, out: list[Element]) -> None:
        out.append(Row(self.header, tables.cells(line), self.paragraph))
        self.paragraph = False


class Json(Construct):
    """Perhaps JSON over several lines: the second line tells."""

    waiting: str = ""
    depth: int = 0

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Read a line of JSON."""
        del out
        if not complete:
            return MORE
        continues = JSON_CONTINUES.match(line) is not None
        if self.waiting:
            waiting, self.waiting = self.waiting, ""
            self.released = "" if continues or _OBJECT.match(waiting) else waiting
            self.depth = _nesting(waiting)
        if not continues:
            self.over = True  # not JSON, or broken JSON: prose begins
            return OVER
        if is_cut:
            return SKIP  # what it opens it most likely closes again
        self.depth += _nesting(line)
        self.over = self.depth <= 0
        return LINE_DONE

    def close(self, out: list[Element]) -> None:
        """A first line alone is text."""
        del out
        self.released = self.released or ("" if _OBJECT.match(self.waiting) else self.waiting)


_OBJECT: Final = lazy_regex(r"\{\s*\"[^\"\n]{1,120}\"\s*:")
"""The beginning of an object, which is no text, also when the rest of it is missing."""
_IN_STRING: Final = lazy_regex(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_JSON_MARK: Final = lazy_regex(r'["{}\[\]]')


def _nesting(line: str) -> int:
    """The number of brackets that a line of JSON opens more than it closes."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"?', "", line)
    return bare.count("{") + bare.count("[") - bare.count("}") - bare.count("]")


class LongJson(Construct):
    """A line that begins like JSON and is too long to be held.

    Its brackets and strings tell, as they come, whether all of it is JSON, and only then it is silent by right.
    """

    depth: int = 0
    in_string: bool = False
    escaped: bool = False
    """The last character read takes the next one's meaning."""
    started: bool = False
    is_text: bool = False
    """Something follows behind the last bracket."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Read the next part of the line."""
        del out
        if not complete:
            return MORE
        self.scan(line)
        self.over = not is_cut
        return LINE_DONE

    def close(self, out: list[Element]) -> None:
        """Tell of a line that may have been words."""
        if self.is_text or self.depth or self.in_string:
            out.append(Lost("a long line that begins like JSON and is none was left out"))

    def scan(self, line: str) -> None:
        """Follow brackets and strings."""
        position = 1 if self.escaped else 0
        self.escaped = False
        while position < len(line):
            if self.in_string:
                rest = _IN_STRING.match(line, position)
                position = rest.end() if rest else position
                self.in_string = line[position : position + 1] != '"'
                self.escaped = position < len(line) and self.in_string
                position += 1
            elif self.depth <= 0 and self.started:
                self.is_text = self.is_text or bool(line[position:].strip(" \t,;"))
                return
            else:
                mark = _JSON_MARK.search(line, position)
                if mark is None:
                    return
                position = mark.end()
                self.in_string = mark[0] == '"'
                self.depth += (mark[0] in "{[") - (mark[0] in "}]")
                self.started = True


class Silence(Construct):
    """A comment, or an element that is not shown."""

    until: str = ""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Look for the end."""
        del out
        close = line.lower().find(self.until.lower())
        if close < 0:
            if is_cut:
                return _all_but(line, self.until)
            return LINE_DONE if complete else MORE
        self.over = True
        return AGAIN - close - len(self.until)


class Formula(Construct):
    """A display formula; a blank line ends it too, for a formula has none and one may be left unclosed."""

    until: str = ""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Look for the end."""
        del out
        if not complete:
            return MORE
        self.over = not line.strip() or self.until in line
        if is_cut:
            return SKIP if self.over else _all_but(line, self.until)
        return LINE_DONE


class Block(Construct):
    """SEARCH/REPLACE, a patch, a private key: ends with a line that begins in a certain way."""

    until: str = ""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Look for the end."""
        del out
        if not complete:
            return MORE
        self.over = line.lstrip().startswith(self.until)
        return SKIP if is_cut else LINE_DONE


class Diff(Construct):
    """A unified diff outside a fence."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Tell a line of a diff from text."""
        del out
        if not complete:
            return MORE
        self.over = not _DIFF_LINE.match(line)
        if self.over:
            return OVER
        return SKIP if is_cut else LINE_DONE


class Footnote(Construct):
    """The indented lines that continue a footnote."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Tell an indented line from text."""
        del out
        if not line and not complete:
            return MORE
        self.over = not (line[:1] in (" ", "\t") and (bool(line.strip()) or not complete))
        if self.over:
            return OVER
        return LINE_DONE if complete and not is_cut else SKIP


AnyConstruct = (
    Fence
    | Table
    | Json
    | LongJson
    | Silence
    | Formula
    | Block
    | Diff
    | Footnote
    | MachineText
    | IndentedCode
    | FrontMatter
)

_ENDS: Final = {Kind.CONFLICT: ">>>>>", Kind.PATCH: "*** End Patch", Kind.PRIVATE_KEY: "-----END "}


def begin(line: Line, content: str, *, paragraph: bool, is_cut: bool) -> AnyConstruct | None:  # noqa: C901, PLR0911, PLR0912 - a table
    """The construct that a line begins; None when the line stands alone. ``is_cut``: the line goes on."""
    match line.kind:
        case Kind.FENCE:
            return fence(content)
        case Kind.ROW:
            return Table(waiting=content, paragraph=paragraph, in_row=is_cut)
        case Kind.JSON | Kind.JSON_OPEN if is_cut:
            long = LongJson()
            long.scan(content)
            return long
        case Kind.JSON_OPEN:
            return Json(waiting=content)
        case Kind.SILENT:
            return Silence(until=line.until)
        case Kind.FORMULA:
            return Formula(until=line.until)
        case Kind.CONFLICT | Kind.PATCH | Kind.PRIVATE_KEY:
            return Block(until=_ENDS[line.kind])
        case Kind.DIFF:
            return Diff()
        case Kind.FOOTNOTE:
            return Footnote()
        case Kind.MACHINE:
            return MachineText(mode=line.until)
        case Kind.INDENTED_CODE:
            return IndentedCode(lines=1)
        case Kind.FRONT_MATTER:
            return FrontMatter(ruler=line.until)
        case _:
            return None


def after_cut(construct: AnyConstruct | None, line: str, *, is_rule: bool) -> int:
    """The result for the rest of a line that was cut, where it begins ``construct``, or none (a rule)."""
    if isinstance(construct, Table | LongJson) or is_rule:
        return LINE_DONE
    return _all_but(line, construct.until) if isinstance(construct, Formula) else SKIP


def _all_but(line: str, until: str) -> int:
    """The line is done with, but for as much as may be the beginning of ``until``."""
    return AGAIN - (len(line) + 1 - len(until))


def fence(line: str) -> Fence:
    """The fence that a line such as ``~~~ python title=x`` opens."""
    mark = line[: len(line) - len(line.lstrip(line[0]))]
    name = line[len(mark) :].strip().partition(" ")[0].strip("{}.").lower()
    return Fence(mark=mark[:_LONGEST_MARK], name=name[:_LONGEST_MARK])
