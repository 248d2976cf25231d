"""Processor time of a function for texts made to be expensive: repeated units, nested and unclosed marks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

MARKS: Final = (
    *"`*_~[]()<>{}|\\$&/@#%=+^:;,.!?-\"' \t\n",
    *("``", "```", "**", "~~", "$$", "\\(", "\\)", "\\[", "\\]", "<!--", "-->", "![", "](", "[^", "][", "&#", "&amp;"),
    *("://", "http://", "www.", "<a ", "</a>", "<b>", "<br>", "<del>", "</", "【", "】", "†", "「", "」", "。", "！"),
    *("--", "---", "->", "→", "::", "()", "...", "…", "\\|", "||", "|-", " |", "| ", "+++", "===", "\r", "\x1b[", "、"),
    *("\x1b]", "\u200b", "\u00ad", "\ue000", "❌", "⚠", "🎉", "“", "”", "’", "•", "- ", "> ", "1. ", "# ", "\n\n"),
    "  ",
)  # fmt: skip
WORDS: Final = (
    *("a", "A", "0", "1", "é", "日", "の", "ー", "한", "я", "ب", "क", "_a", "a_", "a-", "-a", "a.", ".a", "a:", "a/"),
    *("word ", "Word", "token", "token=", "password: ", "secret", "api_key", "bearer ", "sk-", "eyJ", "SG.", "AKIA"),
    *("e.g. ", "Dr. ", "p. ", "z. B. ", "1,000", "1.5", "3.11 ", "12:30", "2024-01-02", "0x", "ab12", "AB_", "10 km "),
    *("about ~", "http://a.b/", "a@b.", "src/lib.rs", ":42", "#L1", '{"a":', '"a", ', "true,", "[1]", "[x] ", "/a"),
    *("1/2 ", "XIV ", "1st ", "am 3. ", "Jan. ", "v1.2", "%s", "50% ", "C++", "-1", "1-2", "1e5", "I'm ", "and "),
    *("$5 ", "://a:", "www.a", "\n> "),
)  # fmt: skip
UNITS: Final = MARKS + WORDS


@dataclass(frozen=True)
class Pattern:
    """One family of texts."""

    prefix: str
    unit: str
    suffix: str

    def text(self, size: int) -> str:
        """The member of about ``size`` characters."""
        room = max(0, size - len(self.prefix) - len(self.suffix))
        return self.prefix + (self.unit * (room // len(self.unit) + 1))[:room] + self.suffix


def singles() -> Iterator[Pattern]:
    """Every unit, alone."""
    for unit in UNITS:
        yield Pattern("", unit, "")
        yield Pattern("x ", unit, " x")


def mixed(dice: random.Random, count: int) -> Iterator[Pattern]:
    """Sequences of units, repeated between others."""
    for _ in range(count):
        unit = "".join(dice.choices(UNITS, k=dice.choice((1, 1, 2, 2, 3, 4))))
        prefix = "".join(dice.choices(UNITS, k=dice.choice((0, 0, 1, 2))))
        suffix = "".join(dice.choices(UNITS, k=dice.choice((0, 1, 1, 2))))
        yield Pattern(prefix, unit, suffix)


def seconds(function: Callable[[str], object], text: str, *, runs: int = 1, enough: float = 0.0) -> float:
    """Processor time of a call: the least of several runs; one that takes no more than ``enough`` is not repeated."""
    best = float("inf")
    for _ in range(runs):
        begun = time.thread_time()
        function(text)
        best = min(best, time.thread_time() - begun)
        if best <= enough:
            break
    return best
