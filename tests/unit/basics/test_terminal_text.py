"""Text from outside: nothing that a terminal acts on or hides is left, and ordinary text of all scripts is."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicestream.terminal_text import one_line, strip_terminal_codes

ACTED_ON = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)

PIECES = (
    "\x1b", "\x9b", "\x9d", "\x90", "\x98", "\x9c", "\x9e", "\x9f", "\x07", "\x18", "\\", "[", "]",
    "P", "X", "^", "_", "2J", "52;c;b3duZWQ=", "0;title", "31m", "\n", "\r", "\r\n", "\t", "\x85",
    "\u2028", "\u202e", "\u2066", "\u200b", "\ud800",
    "\u200c", "\u200d", "\ufe0e", "\ufe0f", "\u180b", "\U000e0100", "\U000e0041", "👩", "💻", "❤",
    "क", "्", "ش", "葛", "ᠠ", "a",
)  # fmt: skip

hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join) | st.text(
    st.characters(codec=None, exclude_categories=()), max_size=40
)


@given(hostile)
@example("\x1b\x1b]0;x\x07]52;c;b3duZWQ=\x07")
@example("\x1b[\x1b[2J2J")
def test_nothing_is_left_that_a_terminal_acts_on(text: str) -> None:
    assert ACTED_ON.search(strip_terminal_codes(text)) is None
    assert re.search("[\n\t]", one_line(text)) is None
    strip_terminal_codes(text).encode()


@given(hostile)
def test_what_was_cleaned_is_clean(text: str) -> None:
    once = strip_terminal_codes(text)
    assert strip_terminal_codes(once) == once
    assert one_line(one_line(text)) == one_line(text)


@given(st.text(st.characters(categories=("L", "N", "P", "Zs", "S"), exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_letters_numbers_punctuation_and_symbols_of_all_scripts_stay(text: str) -> None:
    assert strip_terminal_codes(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world.\tAnd\nmore.",
        "こんにちは。エージェントです。",
        "葛\U000e0100城市", "안녕하세요", "Привет", "שלום", "مرحبًا", "Größe, cœur, naïve",
        "می\u200cخواهم", "श्\u200dर", "ශ්\u200dරී", "ന്\u200d", "ᠠ\u180bᠪ", "สวัสดี",
        "👩\u200d💻 🏳\ufe0f\u200d🌈 ❤\ufe0f 1\ufe0f\u20e3 👍🏽 🇯🇵 👨\u200d👩\u200d👧",
        "\ue0b0 powerline", "x² ≤ ½ → ∞",
    ],
)  # fmt: skip
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert strip_terminal_codes(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("It failed \x1b]52;c;b3duZWQ=\x07 badly \x1b[2J now.", "It failed  badly  now."),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d52;c;b3duZWQ=\x9cafter \x9b31mred", "after red"),
        ("\x1bPq#0;2\x1b\\a\x1bXsos\x1b\\b\x1b^pm\x1b\\c\x1b_apc\x1b\\d", "abcd"),
        ("\x1bc reset \x1b(0 lines \x1b#8", " reset  lines "),
        ("before \x1b]52;c;b3duZWQ= and no end", "before 52;c;b3duZWQ= and no end"),
        ("unfinished \x1b[31", "unfinished "),
        ("over\rwritten\r\n", "over\nwritten\n"),
        ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a b c d e f"),
        ("\u202etxt.exe\u202c \u2066x\u2069 \u200fy\u061c", "txt.exe x y"),
        ("a\U000e0068\U000e0069b\u200bc\u2060d\ufeffe\u00adf", "abcdef"),
        ("a\u200db \u200c c\ufe0f", "ab  c"),
        ("\udcff.wav", "\ufffd.wav"),
        ("bell\x07 back\x08 del\x7f nul\x00", "bell back del nul"),
    ],
)
def test_codes_go_and_words_stay(text: str, clean: str) -> None:
    assert strip_terminal_codes(text) == clean


@pytest.mark.parametrize(
    "unit", ["\x1b]", "\x9d", "\x1b[", "\x1b[;", "\x1bP\x1b", "\x1b ", "\u200d\ufe0f", "👩\u200d", "\r"]
)
def test_any_text_is_cleaned_in_linear_time(unit: str) -> None:
    def seconds(count: int) -> float:
        begin = time.process_time()
        strip_terminal_codes(unit * count)
        return time.process_time() - begin

    # With the square of the length it would be 16 times as long.
    assert min(seconds(100_000) for _ in range(3)) < 8 * max(0.005, min(seconds(25_000) for _ in range(3)))
