"""Machine text that no fence marks, over several lines: stack traces, compiler output, indented code, front matter."""

from __future__ import annotations

from typing import Final

from voicestream.workers.parser.markdown.construct import LINE_DONE, MORE, OVER, SKIP, Construct
from voicestream.workers.parser.markdown.elements import CodeBlock, Element
from voicestream.workers.parser.markdown.lines import machine_text
from voicestream.workers.parser.markdown.lines.machine_text import Machine
from voicestream.workers.text.lazy_regex import lazy_regex

_METADATA: Final = lazy_regex(r"[A-Za-z_][\w -]{0,40}(?::(?:[ \t]|\Z)| ?= ?\S)|\[|[ \t]+\S|- |#|\Z")
_KEY: Final = lazy_regex(r"[A-Za-z_][\w -]{0,40}(?::(?:[ \t]|\Z)| ?= ?\S)")
_LONGEST_FRONT_MATTER: Final = 4096
"""Characters that wait for the ruler at the end of front matter."""


class MachineText(Construct):
    """A stack trace, a log, a directory tree, a compiler's figure."""

    mode: str = ""
    """Name of its ``Machine``."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Tell a further line of it from text."""
        del out
        if not complete:
            return MORE
        kind = machine_text.kind_of(line)
        if kind is not None and self.mode != Machine.FIGURE.name:
            self.mode = kind.name
        belongs = kind is not None or machine_text.continues(line, self.mode)
        self.over = not belongs
        if self.over:
            return OVER
        return SKIP if is_cut else LINE_DONE


class IndentedCode(Construct):
    """Code that is indented by four spaces or a tab."""

    lines: int = 0

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Tell a line of code from text."""
        del out
        if not line.strip():
            return LINE_DONE if complete else MORE
        self.over = not line.startswith(("    ", "\t"))
        if self.over:
            return OVER
        self.lines += 1
        return LINE_DONE if complete and not is_cut else SKIP

    def close(self, out: list[Element]) -> None:
        """Report the size of the code."""
        out.append(CodeBlock(self.lines, ""))


class FrontMatter(Construct):
    """Metadata between two rulers at the beginning of a message; without the second ruler it is text."""

    ruler: str = "---"

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Collect a line."""
        del out
        if not complete:
            return MORE
        shown = line.rstrip()
        if shown in (self.ruler, "...") and self.reread:
            self.reread = ""
            self.over = True
            return LINE_DONE
        is_metadata = (_METADATA if self.reread else _KEY).match(line) is not None
        if is_cut or not shown or not is_metadata or len(self.reread) > _LONGEST_FRONT_MATTER:
            self.over = True
            return OVER
        self.reread += line + "\n"
        return LINE_DONE
