"""Processor time of a function for texts made to be expensive: repeated units, nested and unclosed marks."""

from __future__ import annotations

import re
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


class Control:
    """A fixed amount of work in the same process, by which other work is measured.

    An absolute bound on time fails on a busy machine and passes on a fast one; how many times as much as this a call
    costs is nearly the same everywhere.
    """

    def __init__(self) -> None:
        self.seconds = min(seconds(_work, _PROSE) for _ in range(_RUNS))
        """Processor time, the least of several runs: about 10 ms on a machine of 2024 that has nothing else to do."""

    def times(self, function: Callable[[str], object], text: str, *, runs: int = 1) -> float:
        """How many times as much as the control a call costs: the least of several runs, with the control beside."""
        least = seconds(function, text)
        for _ in range(runs - 1):
            self.seconds = min(self.seconds, seconds(_work, _PROSE))
            least = min(least, seconds(function, text))
        return least / self.seconds


_RUNS: Final = 5
_PROSE: Final = "The quick brown fox jumps over 12 lazy dogs, and (as far as one can see) nobody minds. " * 190
_TOKEN: Final = re.compile(r"(?<!\w)\w+(?=[ ,.)])|\d+|[^\w\s]")


def _work(text: str) -> int:
    """What texts are processed with: a pattern at every place, a function for every match, strings, a dictionary."""
    counts: dict[str, int] = {}

    def count(found: re.Match[str]) -> str:
        word = found[0]
        counts[word] = counts.get(word, 0) + 1
        return word.lower() if word.isalpha() else f" {word} "

    for _ in range(5):
        text = " ".join(_TOKEN.sub(count, text).split())
    return len(text) + len(counts)


def seconds(function: Callable[[str], object], text: str) -> float:
    """Processor time of one call."""
    begun = time.thread_time()
    function(text)
    return time.thread_time() - begun
