"""Where a sentence of XTTS ends that does not end by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.workers.engines.xtts.end_detection import STOP_PROBABILITY, TOKEN_SECONDS, EndDetector
from voicestream.workers.text.duration_bounds import DurationBounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 24_000


def ending(least: float = 0.0, hard: float = 20.0, speed: float = 1.0) -> EndDetector:
    return EndDetector(DurationBounds(least, hard / 2, hard), 600, RATE, speed)


def sound(seconds: float, level: float = 0.2) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).standard_normal(round(seconds * RATE))
    return (level * noise).astype(np.float32)


def token_at(seconds: float) -> int:
    return round(seconds / TOKEN_SECONDS)


def ended(watched: EndDetector, *parts: NDArray[np.float32], size: int = 4096) -> bool:
    """Whether the sentence has ended somewhere in this sound, which comes in pieces."""
    whole = np.concatenate(parts)
    return any(watched.feed(whole[start : start + size]) for start in range(0, len(whole), size))


def test_quiet_after_a_likely_end_is_the_end() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.0), 2 * STOP_PROBABILITY)
    assert ended(watched, sound(1.0), sound(0.4, 0.001), sound(1.0))


def test_quiet_alone_is_a_pause() -> None:
    assert not ended(ending(), sound(1.0), sound(0.4, 0.001), sound(1.0))


def test_a_likely_end_without_quiet_is_none() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.0), 2 * STOP_PROBABILITY)
    assert not ended(watched, sound(3.0))


def test_natural_quiet_after_a_likely_end_is_a_pause() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.0), 2 * STOP_PROBABILITY)
    assert not ended(watched, sound(1.0), sound(0.18, 0.001), sound(1.0))


def test_quiet_long_after_a_likely_end_has_nothing_to_do_with_it() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.0), 2 * STOP_PROBABILITY)
    assert not ended(watched, sound(1.6), sound(0.5, 0.001), sound(1.0))


def test_a_likely_end_in_the_midst_of_quiet_is_the_end() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.2), 2 * STOP_PROBABILITY)
    assert ended(watched, sound(1.0), sound(0.55, 0.001))


def test_an_unlikely_end_is_none() -> None:
    watched = ending()
    watched.record_stop_probability(token_at(1.0), STOP_PROBABILITY / 2)
    assert not ended(watched, sound(1.0), sound(0.5, 0.001))


def test_before_the_text_can_have_been_said_nothing_is_an_end() -> None:
    watched = ending(least=2.0)
    watched.record_stop_probability(token_at(1.0), 0.5)
    assert not ended(watched, sound(1.0), sound(0.5, 0.001))
    assert watched.min_tokens == int(2.0 / TOKEN_SECONDS)


@pytest.mark.parametrize("size", [1, 100, 480, 5000, 100_000])
def test_the_size_of_the_pieces_changes_nothing(size: int) -> None:
    for quiet, expected in ((0.28, False), (0.35, True)):
        watched = ending()
        watched.record_stop_probability(token_at(0.2), 2 * STOP_PROBABILITY)
        assert ended(watched, sound(0.2), sound(quiet, 0.001), size=size) == expected


def test_stretched_sound_is_looked_at_where_it_lies() -> None:
    watched = ending(speed=2.0)
    watched.record_stop_probability(token_at(2.0), 2 * STOP_PROBABILITY)
    assert ended(watched, sound(1.0), sound(0.4, 0.001))


def test_there_is_an_end_to_tokens() -> None:
    assert ending(hard=10.0).token_limit == pytest.approx(10.0 / TOKEN_SECONDS, abs=1)
    assert ending(hard=1000.0).token_limit == 600
    assert ending(hard=0.0).token_limit == 1
    assert ending(least=1000.0).min_tokens == 600
