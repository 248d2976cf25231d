"""When the playing of a sentence may start, so that there is no gap inside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.supervisor.ledger.pacing import MARGIN, Pace

RATE = 24_000.0


def learned(speed: float, frames_per_character: float = 1500.0) -> Pace:
    pace = Pace()
    frames = round(frames_per_character * 100)
    pace.learn(frames=frames, characters=100, sound_seconds=frames / RATE, work_seconds=frames / RATE / speed)
    return pace


def test_an_unknown_voice_is_heard_from_its_first_frame() -> None:
    assert Pace().frames_before_start(100) == 1


@pytest.mark.parametrize("speed", [MARGIN + 0.001, 2.0, 50.0])
def test_a_voice_that_is_fast_enough_is_heard_from_its_first_frame(speed: float) -> None:
    assert learned(speed).frames_before_start(1000) == 1


def test_a_voice_half_as_fast_as_real_time_gets_more_than_half_of_the_sentence_ahead() -> None:
    frames = learned(0.5).frames_before_start(100)
    assert 0.5 * 150_000 < frames < 0.65 * 150_000


def test_a_voice_that_is_just_fast_enough_on_average_gets_a_small_start() -> None:
    assert 0.05 * 150_000 < learned(1.05).frames_before_start(100) < 0.15 * 150_000


def test_the_start_is_never_later_than_the_end() -> None:
    assert learned(0.001).frames_before_start(100) <= 150_000


def test_an_empty_text_waits_for_one_frame() -> None:
    assert learned(0.5).frames_before_start(0) == 1


@given(speed=st.floats(0.05, 3.0), characters=st.integers(1, 500), frames_per_character=st.floats(500, 3000))
def test_a_voice_of_steady_speed_never_runs_dry(speed: float, characters: int, frames_per_character: float) -> None:
    pace = learned(speed, frames_per_character)
    whole = frames_per_character * characters
    ahead = min(pace.frames_before_start(characters), whole)
    # While all of it plays, this much more is made: what is played must be there at every moment, so at the end.
    made = ahead + speed * whole
    assert made >= whole * 0.999 - 1 or ahead >= whole * 0.999


@given(
    characters=st.integers(0, 1000),
    more=st.integers(0, 1000),
    speed=st.floats(0.05, 3.0),
    faster=st.floats(0.0, 3.0),
)
def test_a_longer_text_waits_longer_and_a_faster_voice_shorter(
    characters: int, more: int, speed: float, faster: float
) -> None:
    wait = learned(speed).frames_before_start(characters)
    assert learned(speed).frames_before_start(characters + more) >= wait
    assert learned(speed + faster).frames_before_start(characters) <= wait


def test_the_newest_sentences_count_most_and_one_odd_one_does_not_decide() -> None:
    pace = learned(2.0)
    frames = 150_000
    pace.learn(frames=frames, characters=100, sound_seconds=frames / RATE, work_seconds=frames / RATE / 0.5)
    assert pace.speed == pytest.approx(0.7 * 2.0 + 0.3 * 0.5)
    for _ in range(10):
        pace.learn(frames=frames, characters=100, sound_seconds=frames / RATE, work_seconds=frames / RATE / 0.5)
    assert pace.speed == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("frames", "characters", "work_seconds"), [(0, 10, 1.0), (100, 0, 1.0), (100, 10, 0.0), (-1, -1, -1.0)]
)
def test_a_sentence_without_sound_text_or_time_teaches_nothing(
    frames: int, characters: int, work_seconds: float
) -> None:
    pace = Pace()
    pace.learn(frames=frames, characters=characters, sound_seconds=1.0, work_seconds=work_seconds)
    assert pace == Pace()
