"""Which windows are computed: each sample once, in order, and only where it is certain."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.workers.engines.xtts.vocoder.receptive_field import Window, WindowPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

XTTS = WindowPlan(hop=256, receptive_field=3258, sizes=(32, 48, 64, 96))

shapes = st.builds(
    WindowPlan,
    hop=st.integers(1, 8),
    receptive_field=st.integers(0, 40),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5, unique=True).map(lambda sizes: tuple(sorted(sizes))),
)


def cut(windows: WindowPlan, pieces: Sequence[int]) -> list[list[Window]]:
    """The windows of a signal that comes in pieces of so many frames."""
    done, found = 0, []
    for number, frames in enumerate(itertools.accumulate(pieces), start=1):
        found.append(windows.plan(done, frames, last=number == len(pieces)))
        done += sum(window.samples for window in found[-1])
    return found


@settings(max_examples=250)
@given(shapes, st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_each_sample_is_made_once_in_order_and_where_it_is_certain(windows: WindowPlan, pieces: list[int]) -> None:
    whole = sum(pieces) * windows.hop
    done = there = 0
    for number, (frames, found) in enumerate(zip(pieces, cut(windows, pieces), strict=True), start=1):
        there, is_last = there + frames, number == len(pieces)
        for window in found:
            begin, end = window.begin * windows.hop, (window.begin + window.frames) * windows.hop
            assert begin + window.first == done
            done += window.samples
            assert window.samples > 0
            assert window.begin >= 0
            assert begin == 0 or window.first >= windows.receptive_field
            # Behind what there is nothing is known, not even that there is nothing, unless that was the last.
            assert done <= min(end, there * windows.hop) - windows.receptive_field or (is_last and done <= end == whole)
        assert done == (whole if is_last else max(0, there * windows.hop - windows.receptive_field))
    assert done == whole


@given(st.integers(0, 8), st.integers(0, 120), st.sampled_from([0.6, 0.75, 1.0, 1.4, 2.0]))
def test_a_sentence_of_xtts_takes_one_window_a_piece(first_more: int, pieces: int, speed: float) -> None:
    """Of 8, 4, 4, and then always 8 tokens."""
    frames_per_token = 4 * 24_000 / 22_050 / speed
    tokens = [8, 4, 4, *[8] * pieces, first_more]
    there = [int(count * frames_per_token) for count in itertools.accumulate(tokens)]
    sizes = [there[0], *(after - before for before, after in itertools.pairwise(there))]
    for found in cut(XTTS, sizes)[:-1]:
        assert len(found) <= 1
        assert {window.frames for window in found} <= set(XTTS.sizes)


def test_the_first_piece_does_not_wait_for_a_whole_window() -> None:
    """The rest of it lies behind what there is: whatever is in it, the samples taken are the same."""
    assert XTTS.plan(0, 24, last=False) == [Window(0, 32, 0, 24 * 256 - 3258)]


def test_a_window_that_is_larger_than_needed_reaches_back() -> None:
    done = 100 * 256 - 3258
    assert XTTS.plan(done, 117, last=False) == [Window(69, 48, done - 69 * 256, 117 * 256 - 3258 - 69 * 256)]


def test_the_end_of_a_signal_is_the_end_of_its_window() -> None:
    done = 100 * 256 - 3258
    (window,) = XTTS.plan(done, 117, last=True)
    assert (window.begin + window.frames, window.end) == (117, window.frames * 256)


def test_a_short_signal_is_put_together_from_windows_that_fit_into_it() -> None:
    assert [(window.begin, window.frames) for window in XTTS.plan(0, 36, last=True)] == [(0, 32), (4, 32)]


@pytest.mark.parametrize("frames", [1, 20, 31])
def test_a_signal_shorter_than_every_window_is_one_of_its_own_size(frames: int) -> None:
    assert XTTS.plan(0, frames, last=True) == [Window(0, frames, 0, frames * 256)]


def test_what_is_longer_than_every_window_is_cut() -> None:
    found = XTTS.plan(0, 300, last=True)
    assert {window.frames for window in found} == {96}
    assert sum(window.samples for window in found) == 300 * 256


def test_nothing_new_takes_no_window() -> None:
    assert XTTS.plan(0, 10, last=False) == []
    assert XTTS.plan(2560, 10, last=True) == []
