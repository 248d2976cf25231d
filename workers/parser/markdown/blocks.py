"""The lines of one message, as they come, to sentences as they were written.

``Blocks`` knows the block structure of markdown as agents write it (not all of CommonMark: a library would have to
see the whole message first) and what is never spoken: fenced code, JSON, diffs, formulas, comments. Its fields are its
whole state: together with the input that follows they determine all that comes out.
"""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.markdown import callouts, constructs, tables
from voicestream.workers.parser.markdown.construct import AGAIN, LINE_DONE, MORE, OVER, SKIP
from voicestream.workers.parser.markdown.constructs import AnyConstruct, Silence, Table
from voicestream.workers.parser.markdown.elements import Element, Sentence
from voicestream.workers.parser.markdown.lines import line_breaks, line_ends
from voicestream.workers.parser.markdown.lines.line import Kind, Line, Place
from voicestream.workers.parser.markdown.lines.line_kinds import classify, usual_kind
from voicestream.workers.parser.sentences import spans
from voicestream.workers.parser.sentences.boundary import (
    ASCII_TRIGGER,
    LONGEST_SENTENCE,
    TRIGGER,
    first_sentence,
    last_end,
    may_be_over,
)
from voicestream.workers.parser.wording.language import detect
from voicestream.workers.text import stops
from voicestream.workers.text.ranges import is_in

LONGEST_MARKED_LINE: Final = 16 * 1024
"""Characters of a line whose kind or content is only known from all of it: a row, a heading, JSON. What goes on longer
is cut there, so that what is held stays bounded."""
_LONGEST_WORD: Final = 200
"""Characters before such a cut that are searched for a space, so that no word is cut."""
_TEXT_STEP: Final = 4096
"""Characters of running text that are read at a time."""
_ASKED_AT_ONCE: Final = 256
"""Characters up to which the beginning of a line is looked at again with every piece; then with every doubling."""

_CJK: Final = (
    ("\u3001", "\u3002"),
    ("\u3005", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\uff01", "\uff60"),
)
_BARE_STOPS: Final = frozenset(stops.FULL)
_SPAN_OPENERS: Final = "`[<~$\\"


class Blocks(msgspec.Struct):
    """State of one message."""

    held: str = ""
    """Beginning of a line whose kind is not certain yet."""
    ask_at: int = 0
    """Characters of ``held`` from which its kind is asked again."""
    inline: bool = False
    """In the midst of a line of text."""
    skipping: bool = False
    """In the midst of a line that is not spoken."""
    text: str = ""
    """The part of the open paragraph that was read and not given out."""
    scanned: int = 0
    """Index into ``text``: before it no sentence ends."""
    opens: bool = True
    paragraph: bool = True
    number: str = ""
    box: str = ""
    in_list: bool = False
    after_blank: bool = True
    begun: bool = False
    """A line that is not blank was read."""
    mark: str = ""
    """Letter or Roman numeral of the item before."""
    line_start: int = 0
    """Index into ``text`` of the last line; below zero when some of it was given out."""
    whole_line: bool = False
    """``text`` is one whole line, so the next may make it the header of a table."""
    construct: AnyConstruct | None = None
    """The open construct, if the block is not running text."""
    language: str = "en"
    """Of the last sentence."""
    default: str = "en"
    """The session's language."""

    def one_line(self, text: str, out: list[Element]) -> None:
        """Read a whole message of one line of plain text (``is_one_line``): what four of five messages are."""
        self.text = text
        self._end_sentences(out)

    # --- what the assembler calls ------------------------------------------------------------------------------------

    def feed(self, piece: str, out: list[Element]) -> None:
        """Read the next piece of the message."""
        if self.inline and len(piece) < _TEXT_STEP and "\n" not in piece:
            self.text += piece
            trigger = ASCII_TRIGGER if piece.isascii() else TRIGGER
            if trigger.search(piece) is not None or self.scanned < len(self.text) - len(piece):
                self._take_sentences(out)
                return
            self.scanned = len(self.text)
            if self.scanned > LONGEST_SENTENCE:
                self._take_sentences(out)
            return
        buffer = self.held + piece
        if len(buffer) < self.ask_at and "\n" not in piece:
            self.held = buffer
            return
        self.held = ""
        self.ask_at = 0
        self._read_lines(buffer, out)

    def _read_lines(self, buffer: str, out: list[Element]) -> None:
        """Read text, which begins where the last piece ended; the beginning of a line may be held."""
        size = len(buffer)
        position = 0
        newline = -2
        while position < size:
            if -1 != newline < position:
                newline = buffer.find("\n", position)
            end = newline if newline >= 0 else size
            if not self.inline and not self.skipping:
                position = self._read_marked(buffer, position, end, out, complete=newline >= 0)
                continue
            if self.inline:
                self._read_text(buffer, position, end, out)
                if newline >= 0:
                    self._end_line(out)
            if newline < 0:
                return
            self.skipping = False
            position = newline + 1

    def _read_marked(self, buffer: str, position: int, end: int, out: list[Element], *, complete: bool) -> int:
        """Read a line that may begin with marks, ``buffer[position:end]``: index to go on from.

        ``complete``: the line ends there, with a line feed behind it.
        """
        cut = position + LONGEST_MARKED_LINE
        is_cut = end > cut
        if is_cut and (space := buffer.rfind(" ", cut - _LONGEST_WORD, cut)) > 0:
            cut = space
        line = buffer[position : min(cut, end)]
        start = self._begin_line(line, out, complete=complete or is_cut, is_cut=is_cut)
        if start == MORE:
            self.held = line
            self.ask_at = 2 * len(line) if len(line) > _ASKED_AT_ONCE else 0
            return end
        if start <= AGAIN:
            return position + AGAIN - start
        if start >= 0:
            self.inline = True
            return position + start
        if is_cut and start != SKIP:
            return cut
        self.skipping = start == SKIP and not complete
        return end + 1 if complete else end

    def _read_text(self, buffer: str, position: int, end: int, out: list[Element]) -> None:
        """Read running text step by step: what is not given out yet stays short however much comes at once."""
        while True:
            step = min(end, position + _TEXT_STEP)
            self.text += buffer[position:step]
            self._take_sentences(out)
            position = step
            if position == end:
                return

    def pause(self, out: list[Element], *, sure: bool, over: bool = False) -> None:
        """Nothing came for a while: give out what can be taken for a whole sentence.

        ``sure``: the text is a person's or a program's and not a model's, whose next piece may begin inside a word.
        ``over``: the pause is so long that the text is a sentence, also without a stop.
        """
        if self.ask_at:
            self.ask_at = 0
            self.feed("", out)
        if over and self.text and not (self.inline and self._in_span()):
            self._end_sentences(out)
            self.whole_line = False  # what was given out is no header of a table
            if self.held:
                self.feed("", out)
                if self.text and not self._in_span():
                    self._end_sentences(out)
            return
        spaced = self.text[-1:].isspace()
        if self.inline and (sure or spaced) and not self._in_span() and may_be_over(self.text):
            self._give(self.text, out)
            self.line_start -= len(self.text)
            self.text = ""
            self.scanned = 0

    def end(self, out: list[Element], *, truncated: bool = False) -> None:
        """The message is over; ``truncated``: it may have ended inside a sentence, which is then dropped."""
        if self.held and not truncated:
            self.feed("\n", out)
        if truncated and not may_be_over(self.text):
            self.text = ""
        self._close_construct(out)
        self._end_block(out)

    # --- lines of text -----------------------------------------------------------------------------------------------

    def _begin_line(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:  # noqa: C901, PLR0911 - one question after another
        """Deal with the beginning of a line: index at which text begins, or one of the constants above.

        ``is_cut``: it is the beginning of a line that is too long to be held; it is judged as if it were all of it.
        """
        if self.construct is not None:
            result = self.construct.read(line, out, complete=complete, is_cut=is_cut)
            if self.construct.over:
                self._close_construct(out)
            if result != OVER:
                return result
        if self.whole_line and line.lstrip()[:1] in ("-", ":", "|"):
            if not complete:
                return MORE
            if not is_cut and tables.is_delimiter(line) and "|" in line:
                self.construct = Table(header=tables.cells(self.text), paragraph=self.paragraph)
                self.text, self.scanned, self.whole_line = "", 0, False
                return LINE_DONE
        found: Line | None = usual_kind(line)
        if found is None:
            place = Place(bool(self.text), self.in_list, self.after_blank, not self.begun, self.mark)
            found = classify(line, place, complete=complete)
        if found is None or (self.text and not self._break_line(line, found, out, complete=complete)):
            return MORE
        self.begun = self.begun or found.kind is not Kind.BLANK
        if found.item:
            self._end_block(out)
            self.number, self.box = found.number, found.box
            self.mark = found.mark or self.mark
            self.in_list = True
            self.after_blank = False
        if found.kind in (Kind.TEXT, Kind.SIGN, Kind.DEFINITION):
            if found.kind is Kind.SIGN or (found.kind is Kind.DEFINITION and ": " in self.text):
                self._end_block(out)
            self._begin_text(line, found)
            return found.start
        if is_cut and (found.kind is Kind.HEADING or found.kind is Kind.FENCE):
            # No heading is that long and no name of a language: running text, which is cut into sentences.
            self._end_block(out)
            self.paragraph = True
            self._begin_text(line, found)
            return len(line) - len(line[found.start :].lstrip(line[found.start]))
        return self._begin_construct(line, found, out, complete=complete, is_cut=is_cut)

    def _break_line(self, line: str, found: Line, out: list[Element], *, complete: bool) -> bool:
        """End the open sentence if it ended with its line; False when more of the next line is needed to tell."""
        if found.item or found.kind is not Kind.TEXT or (self._in_span() and spans.is_open(self.text, self.scanned)):
            return True
        last, size = self.text[max(self.line_start, 0) :], len(self.text) - self.line_start
        ends = line_breaks.breaks(last, size, line[found.start :], complete=complete, language=self.language)
        if ends:
            self._end_block(out)
        return ends is not None

    def _begin_text(self, line: str, found: Line) -> None:
        if self.text and found.kind is Kind.DEFINITION:
            self.text = self.text.rstrip(":*_ ") + ": "
        elif self.text:
            joined = is_in(_CJK, self.text[-1]) and is_in(_CJK, line[found.start])
            self.text += "" if joined else " "
        elif self.after_blank and not found.item and not line[0].isspace():
            self.in_list = False
        self.after_blank = False
        self.whole_line = False
        self.line_start = len(self.text)

    def _begin_construct(self, line: str, found: Line, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Deal with a line that is not text."""
        if found.kind is Kind.BLANK:
            if not found.item:
                self._end_block(out)
                self.paragraph = True
                self.after_blank = True
            return LINE_DONE
        if not found.item:
            self._end_block(out)
        self.after_blank = False
        content = line[found.start :]
        if found.kind is Kind.HEADING:
            title, number = line_ends.heading(content)
            self._heading(title, out, number)
        elif found.kind is Kind.RULE:
            self.paragraph = True
        elif found.kind is Kind.CALLOUT:
            self._callout(content, out)
            return LINE_DONE if complete else SKIP
        self.construct = constructs.begin(found, content, paragraph=self.paragraph, is_cut=is_cut)
        if isinstance(self.construct, Silence):
            return AGAIN - found.start
        self.number = self.box = ""
        if is_cut:
            return constructs.after_cut(self.construct, line, is_rule=found.kind is Kind.RULE)
        return LINE_DONE if complete else SKIP

    def _heading(self, text: str, out: list[Element], number: str = "") -> None:
        self.number = number or self.number
        self.paragraph = True
        self.text = text
        self.line_start = 0
        self._take_sentences(out)
        self._end_block(out)
        self.paragraph = True

    def _callout(self, content: str, out: list[Element]) -> None:
        """Read the line that opens or closes an admonition: its title is a heading, without one its kind is said."""
        alert, title = callouts.read(content)
        if title:
            self._heading(f"{alert} {title}".strip(), out)
        else:
            self.paragraph = True
            self.text = alert
            self.line_start = 0

    def _end_line(self, out: list[Element]) -> None:
        """A line of text has ended: is it the end of a sentence too?"""
        self.inline = False
        line = self.text
        shown = line.rstrip()
        fence = line_ends.open_fence(shown)
        if fence is not None:
            # Not markdown, but models do write "Here it is: ```python" and go on with the code in the next line.
            self.text = shown[: fence.start()]
            self._end_block(out)
            self.construct = constructs.fence(fence[0])
            return
        end = line_ends.hard_break(line)
        ends = end is not None
        if end is not None:
            shown = shown[:end]
        if line_ends.has_stop(shown) and not self._in_span():
            # Behind an abbreviation the sentence goes on in the next line.
            is_over = not shown.endswith(".") or may_be_over(shown) or shown[-2:-1].isdigit() or '"' in shown
            ends = ends or is_over
        self.whole_line = self.opens and "|" in shown
        self.text = shown
        if line_ends.is_ruled(shown):
            self._end_block(out)
        elif ends or line_ends.is_bold(shown):
            self._end_sentences(out)

    def _in_span(self) -> bool:
        return self.scanned < len(self.text) and self.text[self.scanned] in _SPAN_OPENERS

    def _take_sentences(self, out: list[Element]) -> None:
        """Give out the sentences that are certain."""
        while True:
            end, self.scanned = first_sentence(self.text, self.scanned, language=self.language)
            if end < 0:
                return
            self._give(self.text[:end], out)
            rest = self.text[end:].lstrip()
            self.line_start -= len(self.text) - len(rest)
            self.text = rest
            self.scanned = 0

    def _end_sentences(self, out: list[Element]) -> None:
        """Give out all that is left of the open paragraph."""
        text, start = self.text, self.scanned
        self.line_start -= len(text)
        while text:
            end = last_end(text, start, language=self.language)
            rest = text[end:].lstrip()
            self._give(text[:end], out, closes=not rest)
            text = rest
            start = 0
        self.text = ""
        self.scanned = 0

    def _end_block(self, out: list[Element]) -> None:
        if self.text:
            self._end_sentences(out)
        self.inline = self.whole_line = False
        self.opens = True
        self.number = self.box = ""

    def _give(self, text: str, out: list[Element], *, closes: bool = False) -> None:
        text = text.strip()
        if text and text not in _BARE_STOPS:
            self.language = detect(text, self.language, default=self.default)
            out.append(Sentence(text, self.language, self.opens, self.paragraph, self.number, self.box, closes))
            self.opens = self.paragraph = False
            self.number = self.box = ""

    def _close_construct(self, out: list[Element]) -> None:
        """A construct has ended, or the message inside it."""
        construct, self.construct = self.construct, None
        if construct is None:
            return
        construct.close(out)
        self.paragraph = self.after_blank = True
        if construct.reread:
            self._read_lines(construct.reread, out)
        if construct.released:
            self.text = construct.released
            self._take_sentences(out)
            self._end_line(out)
