"""The lines of one message, as they come, to sentences as they were written.

``Blocks`` knows the block structure of markdown as agents write it (not all of CommonMark: a library would have to
see the whole message first) and what is never spoken: fenced code, JSON, diffs, formulas, comments. Its fields are its
whole state: together with the input that follows they determine all that comes out.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voicestream.workers.parser.sentences.boundary import (
    LONGEST_SENTENCE,
    TRIGGER,
    first_sentence,
    last_sentences,
    may_be_over,
)
from voicestream.workers.parser.speech import tables
from voicestream.workers.parser.speech.language import detect
from voicestream.workers.parser.speech.line_kinds import JSON_CONTINUES, Kind, Line, classify


class Sentence(msgspec.Struct, frozen=True):
    """One sentence, as it was written."""

    text: str
    language: str
    opens: bool = False
    """First of its paragraph, item or heading."""
    paragraph: bool = False
    """First after a blank line, a heading or the beginning of the message."""
    number: str = ""
    box: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row of a table."""

    header: list[str]
    cells: list[str]
    language: str
    paragraph: bool = False


class CodeBlock(msgspec.Struct, frozen=True):
    """A fenced code block has ended."""

    lines: int
    name: str
    """As the fence names its language; may be empty."""
    language: str


Piece = Sentence | Row | CodeBlock

_LINE_STOP: Final = re.compile(r"[.!?:…。！？：][\"')\]*_`»”’」』）]*\Z")
_HARD_BREAK: Final = re.compile(r"(?:  +|(?<!\\)(?:\\\\)*\\)\Z")
_BOLD_LINE: Final = re.compile(r"(\*\*|__)(?=\S)(?:(?!\1).)+(?<=\S)\1:?\Z")
_CJK: Final = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60]")
_HEADING_NUMBER: Final = re.compile(r"(\d{1,3})[.)][ \t]+(?=\S)")
_HEADING_TAIL: Final = re.compile(r"[ \t]+#+[ \t]*\Z")
_OPEN_FENCE: Final = re.compile(r"(`{3,})([\w+#.-]*)[ \t]*\Z")
_DIFF_LINE: Final = re.compile(
    r"[-+@ \\]|diff |index |new file|deleted file|similarity |rename |old mode|new mode|Binary "
)
_NESTING: Final = frozenset({"markdown", "md", "mdx"})
"""Code blocks in which models write three-backtick fences inside three-backtick fences."""
_SPAN_OPENERS: Final = "`[<~$\\"

_MORE: Final = -1
"""The line so far does not tell what it is."""
_LINE_DONE: Final = -2
"""The line was dealt with."""
_SKIP: Final = -3
"""Whatever else the line holds is not spoken."""
_AGAIN: Final = -4
"""The line up to index ``-4 - result`` is done with; the rest is looked at as if a line began there."""


class Blocks(msgspec.Struct):
    """State of one message."""

    held: str = ""
    """Beginning of a line whose kind is not certain yet."""
    inline: bool = False
    """In the midst of a line of text."""
    skipping: bool = False
    """In the midst of a line that is not spoken."""
    text: str = ""
    """What was read of the open paragraph and not given out."""
    scanned: int = 0
    """Index into ``text``: before it no sentence ends."""
    opens: bool = True
    paragraph: bool = True
    number: str = ""
    box: str = ""
    in_list: bool = False
    after_blank: bool = True
    whole_line: bool = False
    """``text`` is one whole line, so the next may make it the header of a table."""
    mode: str = ""
    """Name of the construct that is open over several lines; "" is running text."""
    until: str = ""
    """What ends it: a closing fence, a closing tag."""
    depth: int = 0
    lines: int = 0
    name: str = ""
    in_string: bool = False
    header: list[str] = []
    waiting: str = ""
    """First row of a table, or first line of what may be JSON, until the next line tells."""
    language: str = "en"
    """Of the last sentence."""
    default: str = "en"
    """The session's language."""

    # --- what the narration calls ------------------------------------------------------------------------------------

    def feed(self, piece: str, out: list[Piece]) -> None:
        """Read the next piece of the message."""
        if self.inline and TRIGGER.search(piece) is None and "\n" not in piece and self.scanned == len(self.text):
            self.text += piece
            self.scanned = len(self.text)
            if self.scanned > LONGEST_SENTENCE:
                self._take_sentences(out)
            return
        buffer = self.held + piece
        self.held = ""
        position = 0
        size = len(buffer)
        while position < size:
            newline = buffer.find("\n", position)
            end = newline if newline >= 0 else size
            if self.inline:
                self.text += buffer[position:end]
                self._take_sentences(out)
                if newline >= 0:
                    self._end_line(out)
            elif not self.skipping:
                start = self._begin_line(buffer[position:end], out, complete=newline >= 0)
                if start == _MORE:
                    self.held = buffer[position:]
                    return
                if start <= _AGAIN:
                    position += _AGAIN - start
                    continue
                if start >= 0:
                    self.inline = True
                    position += start
                    continue
                self.skipping = start == _SKIP
            if newline < 0:
                return
            self.skipping = False
            position = newline + 1

    def pause(self, out: list[Piece], *, sure: bool) -> None:
        """Nothing came for a while: give out what can be taken for a whole sentence.

        ``sure``: the text is a person's or a program's and not a model's, whose next piece may begin inside a word.
        """
        spaced = self.text[-1:].isspace()
        if self.inline and (sure or spaced) and not self._in_span() and may_be_over(self.text):
            self._give(self.text, out)
            self.text = ""
            self.scanned = 0

    def end(self, out: list[Piece], *, torn: bool = False) -> None:
        """The message is over; ``torn``: it may have ended inside a sentence, which is then dropped."""
        if self.held and not torn:
            self.feed("\n", out)
        if torn and not may_be_over(self.text):
            self.text = ""
        self._close_mode(out)
        self._end_block(out)

    # --- lines of text -----------------------------------------------------------------------------------------------

    def _begin_line(self, line: str, out: list[Piece], *, complete: bool) -> int:
        """Deal with the beginning of a line: index at which text begins, or one of the constants above."""
        if self.mode:
            result = _MODES[self.mode](self, line, out, complete=complete)
            if result < 0:
                return result
        if self.whole_line and line.lstrip()[:1] in ("-", ":", "|"):
            if not complete:
                return _MORE
            if tables.is_delimiter(line) and "|" in line:
                self.header = tables.cells(self.text)
                self.text, self.scanned, self.whole_line = "", 0, False
                self.mode = "table"
                return _LINE_DONE
        found = classify(line, complete=complete, in_paragraph=bool(self.text), in_list=self.in_list)
        if found is None:
            return _MORE
        if found.item:
            self._end_block(out)
            self.number, self.box = found.number, found.box
            self.in_list = True
            self.after_blank = False
        if found.kind is Kind.TEXT or found.kind is Kind.SIGN:
            if found.kind is Kind.SIGN:
                self._end_block(out)
            self._begin_text(line, found)
            return found.start
        return self._begin_construct(line, found, out, complete=complete)

    def _begin_text(self, line: str, found: Line) -> None:
        if self.text:
            joined = _CJK.match(self.text[-1]) is not None and _CJK.match(line[found.start]) is not None
            self.text += "" if joined else " "
        elif self.after_blank and not found.item and not line[0].isspace():
            self.in_list = False
        self.after_blank = False
        self.whole_line = False

    def _begin_construct(self, line: str, found: Line, out: list[Piece], *, complete: bool) -> int:
        """Deal with a line that is not text."""
        if found.kind is Kind.BLANK:
            if not found.item:
                self._end_block(out)
                self.paragraph = True
                self.after_blank = True
            return _LINE_DONE
        if not found.item:
            self._end_block(out)
        self.after_blank = False
        content = line[found.start :]
        match found.kind:
            case Kind.HEADING:
                self._heading(content, out)
            case Kind.RULE:
                self.paragraph = True
            case Kind.FENCE:
                mark = content[: len(content) - len(content.lstrip(content[0]))]
                self.mode, self.until, self.depth, self.lines = "fence", mark, 1, 0
                self.name = content[len(mark) :].strip().partition(" ")[0].strip("{}.").lower()
            case Kind.ROW:
                self.mode, self.header, self.waiting = "table", [], content
            case Kind.JSON_OPEN:
                self.mode, self.waiting, self.depth, self.in_string = "json", content, 0, False
            case Kind.SILENT:
                self.mode, self.until = "silent", found.until
                return _AGAIN - found.start
            case Kind.FORMULA:
                self.mode, self.until = "formula", found.until
            case Kind.CONFLICT:
                self.mode, self.until = "block", ">>>>>"
            case Kind.PATCH:
                self.mode, self.until = "block", "*** End Patch"
            case Kind.PRIVATE_KEY:
                self.mode, self.until = "block", "-----END "
            case Kind.DIFF:
                self.mode = "diff"
            case Kind.FOOTNOTE:
                self.mode = "footnote"
            case _:
                pass
        self.number = self.box = ""
        return _LINE_DONE if complete else _SKIP

    def _heading(self, content: str, out: list[Piece]) -> None:
        content = _HEADING_TAIL.sub("", content.lstrip("#")).strip().strip("#")
        number = _HEADING_NUMBER.match(content)
        if number is not None:
            self.number = number[1]
            content = content[number.end() :]
        self.paragraph = True
        self.text = content
        self._take_sentences(out)
        self._end_block(out)
        self.paragraph = True

    def _end_line(self, out: list[Piece]) -> None:
        """A line of text has ended: is it the end of a sentence too?"""
        self.inline = False
        line = self.text
        shown = line.rstrip()
        fence = _OPEN_FENCE.search(shown)
        if fence is not None and fence[1] not in shown[: fence.start()]:
            # Not markdown, but models do write "Here it is: ```python" and go on with the code in the next line.
            self.text = shown[: fence.start()]
            self._end_block(out)
            self.mode, self.until, self.depth, self.lines, self.name = "fence", fence[1], 1, 0, fence[2].lower()
            return
        hard = _HARD_BREAK.search(line)
        if hard is not None:
            shown = shown[: hard.start()] if hard[0].endswith("\\") else shown
        stops = _LINE_STOP.search(shown) is not None and not self._in_span()
        if stops and shown.endswith(".") and not may_be_over(shown):
            stops = shown[-2:-1].isdigit() or '"' in shown  # an abbreviation: the sentence goes on in the next line
        self.whole_line = self.opens and "|" in shown
        self.text = shown
        if stops or hard is not None or _BOLD_LINE.match(shown):
            self._end_sentences(out)

    def _in_span(self) -> bool:
        return self.scanned < len(self.text) and self.text[self.scanned] in _SPAN_OPENERS

    def _take_sentences(self, out: list[Piece]) -> None:
        """Give out the sentences that are certain."""
        while True:
            end, self.scanned = first_sentence(self.text, self.scanned, language=self.language)
            if end < 0:
                return
            self._give(self.text[:end], out)
            self.text = self.text[end:].lstrip()
            self.scanned = 0

    def _end_sentences(self, out: list[Piece]) -> None:
        """Give out all that is left of the open paragraph."""
        for sentence in last_sentences(self.text, self.scanned, language=self.language):
            self._give(sentence, out)
        self.text = ""
        self.scanned = 0

    def _end_block(self, out: list[Piece]) -> None:
        if self.text:
            self._end_sentences(out)
        self.inline = self.whole_line = False
        self.opens = True
        self.number = self.box = ""

    def _give(self, text: str, out: list[Piece]) -> None:
        text = text.strip()
        if text:
            self.language = detect(text, self.language, default=self.default)
            out.append(Sentence(text, self.language, self.opens, self.paragraph, self.number, self.box))
            self.opens = self.paragraph = False
            self.number = self.box = ""

    # --- constructs over several lines: each returns one of the constants above, or 0 when it has ended before the line --

    def _in_fence(self, line: str, out: list[Piece], *, complete: bool) -> int:
        shown = line.strip(" \t>")
        mark = self.until[0]
        if not complete:
            return _MORE if not shown or shown[0] == mark else self._count_line()
        run = len(shown) - len(shown.lstrip(mark))
        if run >= len(self.until):
            if run == len(shown):
                self.depth -= 1
                if self.depth == 0:
                    self._close_mode(out)
                    return _LINE_DONE
            elif self.name in _NESTING:
                self.depth += 1
        self.lines += 1
        return _LINE_DONE

    def _count_line(self) -> int:
        self.lines += 1
        return _SKIP

    def _in_table(self, line: str, out: list[Piece], *, complete: bool) -> int:
        if not complete:
            return _MORE
        if "|" not in line and not any("\u2500" <= character <= "\u257f" for character in line):
            self._close_mode(out)
            return 0
        if self.waiting:
            waiting, self.waiting = self.waiting, ""
            if tables.is_delimiter(line):
                self.header = tables.cells(waiting)
                return _LINE_DONE
            self._row(waiting, out)
        if not tables.is_delimiter(line):
            self._row(line, out)
        return _LINE_DONE

    def _row(self, line: str, out: list[Piece]) -> None:
        cells = tables.cells(line)
        self.language = detect(" ".join(cells), self.language, default=self.default)
        out.append(Row(self.header, cells, self.language, self.paragraph))
        self.paragraph = False

    def _in_json(self, line: str, out: list[Piece], *, complete: bool) -> int:
        if not complete:
            return _MORE
        if self.waiting:
            waiting, self.waiting = self.waiting, ""
            if not JSON_CONTINUES.match(line):
                self.mode = ""
                self.text = waiting
                self._take_sentences(out)
                self._end_line(out)
                return 0
            self._count_brackets(waiting)
        elif not self.in_string and not JSON_CONTINUES.match(line):
            self.mode = ""
            return 0  # broken JSON: prose begins
        self._count_brackets(line)
        if self.depth <= 0:
            self.mode = ""
        return _LINE_DONE

    def _count_brackets(self, line: str) -> None:
        escaped = False
        for character in line:
            if self.in_string:
                if escaped:
                    escaped = False
                elif character == "\\":
                    escaped = True
                elif character == '"':
                    self.in_string = False
            elif character == '"':
                self.in_string = True
            elif character in "{[":
                self.depth += 1
            elif character in "}]":
                self.depth -= 1
        self.in_string = False  # JSON strings end in their line

    def _in_silence(self, line: str, out: list[Piece], *, complete: bool) -> int:
        del out
        close = line.lower().find(self.until.lower())
        if close < 0:
            return _LINE_DONE if complete else _MORE
        self.mode = ""
        return _AGAIN - close - len(self.until)

    def _in_formula(self, line: str, out: list[Piece], *, complete: bool) -> int:
        del out
        if not complete:
            return _MORE
        if not line.strip() or self.until in line:
            self.mode = ""
        return _LINE_DONE

    def _in_block(self, line: str, out: list[Piece], *, complete: bool) -> int:
        del out
        if not complete:
            return _MORE
        if line.lstrip().startswith(self.until):
            self.mode = ""
        return _LINE_DONE

    def _in_diff(self, line: str, out: list[Piece], *, complete: bool) -> int:
        del out
        if not complete:
            return _MORE
        if _DIFF_LINE.match(line):
            return _LINE_DONE
        self.mode = ""
        return 0

    def _in_footnote(self, line: str, out: list[Piece], *, complete: bool) -> int:
        del out
        if not line and not complete:
            return _MORE
        if line[:1] in (" ", "\t") and (line.strip() or not complete):
            return _LINE_DONE if complete else _SKIP
        self.mode = ""
        return 0

    def _close_mode(self, out: list[Piece]) -> None:
        """A construct has ended, or the message inside it."""
        mode, self.mode = self.mode, ""
        if mode == "fence":
            out.append(CodeBlock(self.lines, self.name, self.language))
        elif mode == "table" and self.waiting:
            waiting, self.waiting = self.waiting, ""
            self._row(waiting, out)
        elif mode == "json" and self.waiting:
            self._give(self.waiting, out)
            self.waiting = ""
        if mode:
            self.paragraph = self.after_blank = True


_MODES: Final = {
    "fence": Blocks._in_fence,  # noqa: SLF001 - the table belongs to the class
    "table": Blocks._in_table,  # noqa: SLF001
    "json": Blocks._in_json,  # noqa: SLF001
    "silent": Blocks._in_silence,  # noqa: SLF001
    "formula": Blocks._in_formula,  # noqa: SLF001
    "block": Blocks._in_block,  # noqa: SLF001
    "diff": Blocks._in_diff,  # noqa: SLF001
    "footnote": Blocks._in_footnote,  # noqa: SLF001
}
