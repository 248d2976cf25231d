"""The short cut for usual lines tells the same kind as the whole classification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.parser.markdown.lines.line import Place
from voicestream.workers.parser.markdown.lines.line_kinds import classify, usual_kind

PLACE = st.builds(
    Place,
    in_paragraph=st.booleans(),
    in_list=st.booleans(),
    after_blank=st.booleans(),
    begins=st.booleans(),
    mark=st.sampled_from(["", "A", "i", "ii"]),
)
BEGINNING = st.sampled_from(
    [
        "",
        "- ",
        "* ",
        "I ",
        "A ",
        "It ",
        "Vi ",
        "Ii ",
        "a. ",
        "Vii",
        "vi",
        "dif",
        "diff --git ",
        "Jan ",
        "Trace",
        "ERROR",
    ]
)
WORDS = st.text(st.sampled_from("IVXivxdABaeost.):: 19-"), max_size=12)


@given(beginnings=st.lists(BEGINNING, max_size=3), words=WORDS, place=PLACE, complete=st.booleans())
def test_the_short_cut_for_usual_lines_changes_no_kind(
    beginnings: list[str], words: str, place: Place, *, complete: bool
) -> None:
    line = "".join(beginnings) + words
    usual = usual_kind(line)
    if usual is not None:
        assert classify(line, place, complete=complete) == usual


@pytest.mark.parametrize("line", ["Look at it", "I look", "It is", "- First item", "* An item", "- Done: all"])
def test_usual_lines_take_the_short_cut(line: str) -> None:
    assert usual_kind(line) is not None
