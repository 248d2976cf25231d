"""Lines of a byte stream, however it is cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from voicestream.client.sources.lines import LineSplitter


@given(
    data=st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n", b"\n\n"])).map(b"".join),
    cuts=st.sets(st.integers(0, 40)),
)
def test_the_lines_are_the_same_however_the_bytes_are_cut(data: bytes, cuts: set[int]) -> None:
    splitter = LineSplitter()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    lines = [line for start, end in itertools.pairwise(edges) for line in splitter.add(data[start:end])]
    rest = splitter.take()
    assert b"".join([*lines, rest]) == data
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert b"\n" not in rest


@given(st.lists(st.integers(1, 9), min_size=1))
def test_a_line_that_is_too_long_is_dropped_and_counted_and_the_next_one_is_whole(sizes: list[int]) -> None:
    splitter = LineSplitter(max_line_bytes=6)
    lines = [b"x" * (size - 1) + b"\n" for size in sizes]
    found = [line for line in lines for each in (line[:2], line[2:]) for line in splitter.add(each)]
    assert found == [line for line in lines if len(line) <= 6]
    assert splitter.lost_lines == len(lines) - len(found)
    assert splitter.take() == b""
