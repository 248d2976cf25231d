"""From an engine's rate to the pool's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.tts.resample import PoolRateResampler

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

ESPEAK_RATE = 22_050
NOISE: NDArray[np.float32] = np.random.default_rng(1).uniform(-0.9, 0.9, 30_000).astype(np.float32)


def resampled(chunks: Iterable[NDArray[np.float32]], rate: int = ESPEAK_RATE) -> NDArray[np.float32]:
    resampler = PoolRateResampler(rate)
    return np.concatenate([*(resampler.feed(chunk) for chunk in chunks), resampler.end()])


WHOLE = resampled([NOISE])


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(NOISE)), max_size=30))
def test_the_cuts_between_chunks_cannot_be_heard(cuts: list[int]) -> None:
    assert np.array_equal(resampled(np.split(NOISE, sorted(cuts))), WHOLE)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100, 5_513, 22_050])
@pytest.mark.parametrize("rate", [ESPEAK_RATE, 16_000, 48_000, 44_100])
def test_no_sample_is_lost_at_the_end(count: int, rate: int) -> None:
    assert abs(len(resampled([NOISE[:count]], rate)) - count * SAMPLE_RATE / rate) <= 1


def test_a_tone_stays_the_tone_it_was() -> None:
    duration_seconds, hertz = 1.0, 440.0
    before = np.arange(int(ESPEAK_RATE * duration_seconds)) / ESPEAK_RATE
    after = np.arange(int(SAMPLE_RATE * duration_seconds)) / SAMPLE_RATE
    tone = (0.5 * np.sin(2 * np.pi * hertz * before)).astype(np.float32)
    expected = 0.5 * np.sin(2 * np.pi * hertz * after)
    middle = slice(1_000, -1_000)
    assert np.abs(resampled([tone])[middle] - expected[middle]).max() < 1e-4


def test_at_the_pools_own_rate_nothing_is_changed() -> None:
    assert np.array_equal(resampled(np.split(NOISE, [10, 10, 999]), SAMPLE_RATE), NOISE)


def test_the_result_is_float32() -> None:
    assert WHOLE.dtype == np.float32
    assert PoolRateResampler(SAMPLE_RATE).end().dtype == np.float32
