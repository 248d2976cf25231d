"""The account that audio tests take of a recording: it sees what is lost, doubled, late or strange."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.audio.heard import Account, Break

RANDOM = np.random.default_rng(7)
WANTED = np.concatenate(
    [
        np.zeros(50, np.int16),
        RANDOM.integers(1, 9_000, 4_000).astype(np.int16),
        np.zeros(300, np.int16),
        RANDOM.integers(1, 9_000, 4_000).astype(np.int16),
        np.zeros(20, np.int16),
    ]
)


def silence(frames: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.zeros(frames, np.int16)


def test_what_is_heard_once_and_in_order_has_no_break() -> None:
    account = Account(np.concatenate([silence(777), WANTED, silence(99)]), WANTED)
    assert account.breaks == []
    assert account.lost == 0


def test_silence_within_is_told_to_the_sample() -> None:
    account = Account(np.concatenate([WANTED[:1_000], silence(240), WANTED[1_000:]]), WANTED)
    assert account.breaks == [Break(at=1_000, end=1_000, first=1_000, silence=240, lost=0, doubled=0)]


def test_silence_that_is_longer_than_it_was_wanted_is_told() -> None:
    account = Account(np.concatenate([WANTED[:4_100], silence(30), WANTED[4_100:]]), WANTED)
    assert account.breaks == [Break(at=4_050, end=4_050, first=4_350, silence=30, lost=0, doubled=0)]


def test_what_is_lost_is_told_also_at_both_ends() -> None:
    heard = np.concatenate([WANTED[150:2_000], silence(100), WANTED[2_100:-30]])
    account = Account(heard, WANTED)
    assert [(b.end, b.first, b.silence, b.lost) for b in account.breaks] == [
        (50, 150, 0, 100),
        (2_000, 2_100, 100, 100),
        (8_340, 8_350, 0, 10),
    ]
    assert account.lost == 210


def test_nothing_heard_is_everything_lost() -> None:
    assert Account(silence(100), WANTED).lost == 8_000


def test_what_is_doubled_is_told_with_and_without_silence_before_it() -> None:
    heard = np.concatenate([WANTED[:2_000], WANTED[1_900:3_000], silence(500), WANTED[2_990:]])
    account = Account(heard, WANTED)
    assert [(b.silence, b.lost, b.doubled) for b in account.breaks] == [(0, 0, 100), (500, 0, 10)]


def test_the_few_samples_between_two_breaks_are_found() -> None:
    heard = np.concatenate([WANTED[:2_000], silence(100), WANTED[2_000:2_020], silence(100), WANTED[2_020:]])
    assert [(b.first, b.silence) for b in Account(heard, WANTED).breaks] == [(2_000, 100), (2_020, 100)]


def test_what_nobody_wanted_is_no_account_at_all() -> None:
    with pytest.raises(AssertionError, match="in no sentence"):
        Account(np.concatenate([WANTED, np.full(50, 31_000, np.int16)]), WANTED)
