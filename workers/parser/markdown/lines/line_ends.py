"""Ends of lines of text: stops, hard breaks, fences that models open within a line, bold lines, rulers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.wording.sanitize import is_unwanted
from voicestream.workers.text import stops
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    import re

_PLAIN: Final = lazy_regex(
    r"(?!diff --git |Traceback |goroutine |stack back|Stack trace:|node:int|[IVXivx]{1,5}[.)]|note: run with "
    r"|[A-Z]{2,8}(?:\]?:?\s|:\w)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s{1,2}\d)[A-Za-z][^).]"
)
_LONGEST: Final = 4096
"""Characters of a message that is read at once."""
_TAIL: Final = 100
"""Characters at the end of a line that tell how it ends: a paragraph of a thousand lines is not searched with each."""
_STOP: Final = lazy_regex(rf"[{stops.ALL}:：][\"')\]*_`»”’」』）=]*\Z")
_STOP_ENDS: Final = frozenset(stops.ALL + ":：\"')]*_`»”’」』）=")
"""The last character of what ``_STOP`` matches."""
_HARD_BREAK: Final = lazy_regex(r"(?:(?<! )  +|(?<!\\)(?:\\\\)*\\)\Z")
_MAY_BREAK: Final = ("  ", "\\")
_BOLD: Final = lazy_regex(r"(\*\*|__)(?=\S)(?:(?!\1).)+(?<=\S)\1:?\Z")
_BOLD_ENDS: Final = ("**", "__", "**:", "__:")
_FENCE: Final = lazy_regex(r"(?<!`)(`{3,})([\w+#.-]*)[ \t]*\Z")
_HEADING_NUMBER: Final = lazy_regex(r"(\d{1,3})[.)][ \t]+(?=\S)")
_HEADING_TAIL: Final = lazy_regex(r"(?<![ \t])[ \t]+#+[ \t]*\Z")
_RULED: Final = lazy_regex(r"[\u2500\u2501\u2550]{3,}`?\Z")
_RULERS: Final = frozenset("\u2500\u2501\u2550")


def is_one_line(text: str) -> bool:
    """Return whether a message is one line of text that begins with a word, so that its structure need not be read."""
    return len(text) <= _LONGEST and _PLAIN.match(text) is not None and "\n" not in text and not is_unwanted(text)


def open_fence(shown: str) -> re.Match[str] | None:
    """The fence that a line of text opens at its end."""
    fence = _at_end(_FENCE, shown) if "```" in shown else None
    return fence if fence is not None and fence[1] not in shown[: fence.start()] else None


def hard_break(line: str) -> int | None:
    """Length of a line without the mark of a hard break; None: it has none."""
    hard = _at_end(_HARD_BREAK, line) if line.endswith(_MAY_BREAK) else None
    if hard is None:
        return None
    return hard.start() if hard[0].endswith("\\") else len(line.rstrip())


def heading(content: str) -> tuple[str, str]:
    """The words of a heading, and its number."""
    content = _HEADING_TAIL.sub("", content.lstrip("#")).strip().strip("#")
    number = _HEADING_NUMBER.match(content)
    return (content[number.end() :], number[1]) if number is not None else (content, "")


def has_stop(shown: str) -> bool:
    """Return whether a line ends in a stop or a colon, behind which marks may close something."""
    return shown[-1:] in _STOP_ENDS and _at_end(_STOP, shown) is not None


def is_bold(shown: str) -> bool:
    """Return whether all of a line is bold: a heading."""
    return shown.endswith(_BOLD_ENDS) and _BOLD.match(shown) is not None


def is_ruled(shown: str) -> bool:
    """Return whether a ruler of box drawing fills the line to its end."""
    return shown[-2:-1] in _RULERS and _at_end(_RULED, shown) is not None


def _at_end(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    return pattern.search(line, max(0, len(line) - _TAIL))
