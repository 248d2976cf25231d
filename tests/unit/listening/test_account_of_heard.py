"""Lost and repeated samples of a recording, found by comparison with the original."""

from __future__ import annotations

import numpy as np

from helpers.audio.heard import Account, Break


def test_one_sample_between_two_gaps_is_the_expected_one_and_not_one_like_it_before_a_pause() -> None:
    wanted = np.random.default_rng(1).integers(1, 9000, 4000).astype(np.int16)
    wanted[2001:2100] = 0
    wanted[2000] = wanted[239]
    gaps = np.zeros(50, np.int16), np.zeros(96, np.int16)
    heard = np.concatenate([wanted[:239], gaps[0], wanted[239:240], gaps[1], wanted[240:]])
    assert Account(heard, wanted).breaks == [
        Break(at=239, end=239, first=239, silence=50, lost=0, doubled=0),
        Break(at=290, end=240, first=240, silence=96, lost=0, doubled=0),
    ]
