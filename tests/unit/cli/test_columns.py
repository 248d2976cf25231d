"""Tables and texts at the width of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicestream.cli.columns import UNLIMITED, Column, cells, table, wrapped

COLUMNS = (Column("name"), Column("size", 2), Column("place", 1))
ROWS = [("日本語", "1", "here"), ("b", "200", "there")]


def test_wide_characters_take_two_cells() -> None:
    lines = table(COLUMNS, ROWS, UNLIMITED)
    assert lines == ["name    size  place", "------  ----  -----", "日本語  1     here", "b       200   there"]


def test_the_least_important_column_is_left_out_first_and_named() -> None:
    lines = table(COLUMNS, ROWS, 14)
    assert lines[:4] == ["name    place", "------  -----", "日本語  here", "b       there"]
    assert " ".join(line.strip() for line in lines[4:]) == "not shown in 14 columns: size"


def test_a_column_of_rank_0_stays() -> None:
    assert table(COLUMNS, ROWS, 3)[:3] == ["name", "------", "日本語"]


@given(st.lists(st.text("ab日", min_size=1, max_size=5), min_size=1), st.integers(12, 40))
def test_wrapped_lines_fit_and_keep_all_words(words: list[str], width: int) -> None:
    lines = wrapped(" ".join(words), width)
    assert all(cells(line) <= width for line in lines)
    assert " ".join(lines).split() == words
