"""Processor time of text processing: bounded for any text, and in proportion to its length.

Generated texts repeat one unit (marks, words, figures, signs that open something and never close it) inside every
construct that the parser knows. ``VOICESTREAM_FUZZ_PATTERNS=1500`` measures that many in every construct, and a
third as many in every language, instead of a few; ``VOICESTREAM_FUZZ_SEED`` chooses others.
"""

from __future__ import annotations

import os
import random
import re
from typing import TYPE_CHECKING, Final

import pytest

from helpers.project.growth import Control, Pattern, mixed
from helpers.project.parsing import message, parse, partial
from voicestream.workers.parser.sentences.boundary import LONGEST_SENTENCE
from voicestream.workers.translation.quality import is_worth_translating, problem
from voicestream.workers.tts.normalization.normalize import words

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE: Final = 16 * 1024
GOAL: Final = 10
"""Times the control that ``SIZE`` characters may cost: 0.1 s where the control takes 10 ms."""
LIMIT: Final = 1.6 * GOAL
"""What fails: a call may seem to cost more on a busy machine, also the least of several."""
A_LINE: Final = 0.002
"""Times the control that each line may cost beside its characters: 20 µs where the control takes 10 ms. A text of one
character a line consists of 8,000 lines, each perhaps a sentence."""
GROWTH: Final = 2.5
"""Times that a text of twice the length may cost."""
CHEAP: Final = GOAL / 2
"""Times the control up to which growth is not looked at: it would be that of the clock."""
CUT: Final = 1
"""Times the control that a text of ``SIZE`` characters costs at least that is read and not left out."""
PIECE: Final = 48
"""Characters that an agent prints at a time."""
PATTERNS: Final = int(os.environ.get("VOICESTREAM_FUZZ_PATTERNS", "3"))
SEED: Final = int(os.environ.get("VOICESTREAM_FUZZ_SEED", "12"))

DEAR: Final = (
    Pattern("", "\r.", "…"),
    Pattern("", "\n日", ""),
    Pattern("", "1st 12:30", "==="),
    Pattern("", "\\|a|", "`"),
    Pattern("x ", "[", " x"),
    Pattern("", " ", "10 km "),
    Pattern("", "\\``", ":42a-"),
    Pattern("", "am 3. ", ""),
    Pattern("", "-1+++•", ""),
)
"""Those that cost the most."""

_LINE_ENDS: Final = re.compile(r"[\r\n]+")


def whole(text: str) -> object:
    """A message in one piece."""
    return parse(message(text))


def streamed(text: str) -> object:
    """A message in pieces."""
    return parse(partial(text[at : at + PIECE] for at in range(0, len(text), PIECE)))


def plain(text: str) -> object:
    """A text without JSON around it."""
    return parse(text.encode(), format="text")


def lines(text: str) -> object:
    """Lines that no reader knows, in a stream of an agent."""
    return parse(message("Good.") + text.encode() + b"\n" + message("Good."))


def json_lines(text: str) -> object:
    """The same as lines that begin like an agent's, and are no JSON."""
    return parse(message("Good.") + ('{"type":"user","x":' + text.replace("\n", '\n{"a":[')).encode() + b"\n")


def within(before: str, behind: str = "") -> Callable[[str], object]:
    """A message in which a text stands between marks, all in one line."""
    return lambda text: parse(message(before + _LINE_ENDS.sub(" ", text) + behind))


CONSTRUCTS: Final[dict[str, Callable[[str], object]]] = {
    "message": whole,
    "streamed": streamed,
    "text": plain,
    "lines": lines,
    "json lines": json_lines,
    "heading": within("# "),
    "item": within("- [ ] "),
    "quote": within("> "),
    "row": within("| a | b |\n|---|---|\n| x | ", " |\n\nEnd."),
    "header": within("| x | ", " |\n|---|---|\n| a | b |\n"),
    "fence": within("```\n"),
    "unclosed code": within("Run `a "),
    "emphasis": within("**a ", "** b"),
    "link": within("See [a ", "](http://a.b/c) d."),
    "address": within("See http://a.b/"),
    "html": within('<div title="', '">a</div>'),
    "comment": within("<!-- "),
    "formula": within("$$ "),
    "json": within('{\n"a": ["'),
}

SPOKEN: Final = "ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh".split()


def spoken(language: str) -> Callable[[str], object]:
    """What a voice is given to say, for sentences as long as they may be."""
    return lambda text: [words(sentence, language) for sentence in sentences(text)]


def checked(text: str) -> None:
    """Translations that are checked, for sentences as long as they may be."""
    for sentence in sentences(text):
        is_worth_translating(sentence)
        problem(sentence, sentence[::-1], "en", "de")
        problem(sentence, "Das ist gut. " + sentence, "en", "ja")


def sentences(text: str) -> list[str]:
    return [text[at : at + LONGEST_SENTENCE] for at in range(0, len(text), LONGEST_SENTENCE)]


@pytest.fixture(scope="module")
def control() -> Control:
    """Measured once."""
    return Control()


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_no_text_costs_a_parser_more_than_its_share(construct: str, control: Control) -> None:
    assert_linear(CONSTRUCTS[construct], construct, control, PATTERNS)


@pytest.mark.parametrize("language", SPOKEN)
def test_no_text_costs_normalization_more_than_its_share(language: str, control: Control) -> None:
    pytest.importorskip("num2words", reason="make neural")
    assert_linear(spoken(language), language, control, (PATTERNS + 1) // 3)


def test_no_text_costs_the_checks_of_translations_more_than_their_share(control: Control) -> None:
    assert_linear(checked, "checks", control, PATTERNS)


def assert_linear(function: Callable[[str], object], name: str, control: Control, count: int) -> None:
    """Measure a function for a sample of patterns; all that cost too much are named."""
    dice = random.Random(f"{SEED} {name}")
    sample = (*dice.sample(DEAR, min(len(DEAR), max(1, count // 2))), *mixed(dice, count))
    function("A first call imports what is needed: 12 items, 50%, at 12:30 on 2024-01-02.")
    wrong = [excess for pattern in sample if (excess := _excess(function, pattern, control))]
    assert not wrong, "\n".join(wrong)


def _excess(function: Callable[[str], object], pattern: Pattern, control: Control) -> str:
    """In what way a pattern costs too much; "" when it does not.

    On a busy machine everything is slower at times: what seems too much is measured again, and again. A line that is
    left out or cut from some length on makes one of the two texts cheap: then there is no growth to look at.
    """
    text = pattern.text(SIZE)
    limit = LIMIT + A_LINE * (text.count("\n") + text.count("\r"))
    once = twice = 0.0
    for runs in (1, 2, 6):
        twice = control.times(function, pattern.text(2 * SIZE), runs=runs)
        if twice <= CHEAP:
            return ""
        once = control.times(function, text, runs=runs)
        is_linear = twice <= (2 * limit if once < CUT else GROWTH * once)
        if once <= limit and is_linear:
            return ""
    if once > limit:
        return f"{pattern}: {once:.1f} times the control"
    return f"{pattern}: {twice:.1f} times the control for twice the length, {once:.1f} for the length"
