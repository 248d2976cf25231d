"""Where a sentence begins and ends: run-ons, pauses, noise, and what must be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.sounds import RATE, Engine, quiet, rms, sound, speech
from voicestream.workers.text.duration_bounds import DurationBounds
from voicestream.workers.tts.postprocessing.postprocess import postprocess

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMITS = DurationBounds(minimum=1.0, maximum=6.0, cutoff=8.0)

NOISE = 0.001
"""-40 dB below the speech."""


def heard(
    engine: Engine, bounds: DurationBounds = LIMITS, pause: float = 0.0, rate: int = RATE
) -> tuple[NDArray[np.float32], list[str]]:
    told: list[str] = []
    out = list(postprocess(engine.make, 7, sample_rate=rate, bounds=bounds, pause_seconds=pause, report=told.append))
    return np.concatenate(out), told


def length(*parts: NDArray[np.float32], bounds: DurationBounds = LIMITS) -> float:
    """Seconds of what is heard of these."""
    return len(heard(Engine(sound(*parts)), bounds)[0]) / RATE


@pytest.mark.parametrize("noise", [0.0, NOISE])
def test_what_comes_after_a_long_quiet_is_not_heard_and_not_made(noise: float) -> None:
    run_on = sound(speech(2.0), quiet(0.7, noise), speech(3.0, seed=1))
    engine = Engine(run_on)
    samples, told = heard(engine)
    assert 2.0 <= len(samples) / RATE <= 2.21
    assert engine.made <= (2.0 + 0.61 + 0.1) * RATE
    assert engine.closed == 1
    assert told == []


def test_noise_without_end_after_the_end_is_not_heard_and_not_made() -> None:
    engine = Engine(sound(speech(2.0), quiet(60.0, NOISE)))
    samples, _ = heard(engine)
    assert 2.0 <= len(samples) / RATE <= 2.21
    assert engine.made <= 2.8 * RATE


@pytest.mark.parametrize("pause", [0.12, 0.18, 0.3, 0.5, 0.57])
def test_a_pause_inside_speech_is_kept_as_it_is(pause: float) -> None:
    assert length(speech(1.5), quiet(pause, NOISE), speech(1.5)) == pytest.approx(3.0 + pause, abs=0.02)


def test_a_long_pause_before_the_text_can_be_said_is_shortened_and_what_follows_is_heard() -> None:
    samples, told = heard(Engine(sound(speech(0.7), quiet(2.0, NOISE), speech(1.5))))
    assert 2.2 + 0.2 <= len(samples) / RATE <= 2.2 + 0.3
    assert rms(samples[-RATE // 2 :]) > 0.05
    assert told == []


def test_where_a_pause_was_shortened_there_is_no_click() -> None:
    # A constant is the sound in which a cut is plainest: each step of the samples is one of ours.
    low = np.full(2 * RATE, 0.0015, np.float32)
    low[RATE:] *= -1
    samples, _ = heard(Engine(sound(speech(0.7), low, speech(1.5))))
    gap = samples[round(0.75 * RATE) : round(0.9 * RATE)]
    assert rms(gap) > 0.0005, "the quiet is there"
    assert np.abs(np.diff(samples[round(0.72 * RATE) : round(0.93 * RATE)])).max() < 0.0005


def test_quiet_before_the_first_sound_is_left_out() -> None:
    assert length(quiet(1.5, NOISE), speech(2.0)) == pytest.approx(2.0, abs=0.07)


def test_a_soft_beginning_is_kept() -> None:
    soft = speech(0.05, 0.002)
    assert length(quiet(0.5), soft, speech(2.0)) >= 2.04


def test_a_soft_ending_is_kept() -> None:
    consonant = quiet(0.1, 0.004)
    samples, _ = heard(Engine(sound(speech(2.0), consonant, quiet(1.0))))
    assert rms(samples[round(2.01 * RATE) : round(2.09 * RATE)]) > 0.002


def test_quiet_at_the_end_is_what_was_asked_for_whatever_the_engine_made_of_it() -> None:
    for own in (0.0, 0.1, 0.2, 0.5, 3.0):
        samples, _ = heard(Engine(sound(speech(2.0), quiet(own))), pause=0.4)
        assert len(samples) / RATE == pytest.approx(2.4, abs=0.02), own


def test_a_click_in_the_quiet_is_no_speech() -> None:
    click = np.zeros(round(0.005 * RATE), np.float32)
    click[:20] = 0.8
    assert length(speech(2.0), quiet(0.4), click, quiet(0.4), speech(2.0)) <= 2.21


def test_a_click_before_the_first_sound_is_no_beginning() -> None:
    click = np.zeros(round(0.005 * RATE), np.float32)
    click[:20] = 0.8
    assert length(quiet(0.3), click, quiet(1.0), speech(2.0)) == pytest.approx(2.0, abs=0.07)


def test_one_loud_click_does_not_make_quiet_of_soft_speech() -> None:
    loud = np.full(240, 0.9, np.float32)
    soft = speech(6.0, 0.011)
    assert length(soft[:12_000], loud, soft[12_000:], bounds=DurationBounds(0.1, 20.0, 30.0)) >= 5.9


def test_a_soft_passage_is_speech() -> None:
    assert length(speech(1.2, 0.05), speech(1.0, 0.003), speech(1.0, 0.05)) == pytest.approx(3.2, abs=0.02)


def test_noise_after_a_soft_voice_is_quiet_all_the_same() -> None:
    assert length(speech(2.0, 0.012), quiet(3.0, 0.0008)) <= 2.21


def test_speech_without_end_is_ended_at_its_next_pause_and_that_is_told() -> None:
    engine = Engine(sound(speech(6.5), quiet(0.15, NOISE), speech(30.0)))
    samples, told = heard(engine)
    assert 6.5 <= len(samples) / RATE <= 6.7
    assert engine.made < 6.9 * RATE
    assert told == ["it was too long for its text, and was ended"]


def test_speech_without_end_and_without_a_pause_is_faded_out_at_the_hard_limit() -> None:
    engine = Engine(speech(60.0))
    samples, told = heard(engine)
    assert len(samples) / RATE == pytest.approx(8.0, abs=0.05)
    assert engine.made < 8.2 * RATE
    assert rms(samples[-1_200:-200]) > 0.01
    assert np.abs(samples[-1]) < 0.001
    assert told == ["it was too long for its text, and was ended"]


def test_quiet_without_end_before_the_text_can_be_said_ends_at_the_hard_limit() -> None:
    engine = Engine(sound(speech(0.7), quiet(60.0, NOISE)))
    _, told = heard(engine)
    assert engine.made < 8.2 * RATE
    assert told[-1] == "it is too short for its text"


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_it_is_the_same_at_any_rate(rate: int) -> None:
    run_on = sound(quiet(0.5, rate=rate), speech(2.0, rate=rate), quiet(0.7, rate=rate), speech(3.0, rate=rate))
    samples, _ = heard(Engine(run_on), rate=rate)
    assert 2.0 <= len(samples) / rate <= 2.28
