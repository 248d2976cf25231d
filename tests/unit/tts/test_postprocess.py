"""What is wrong with a sound, and what is done about it; and that it does not depend on how the sound came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.audio.sounds import RATE, Engine, cut, quiet, rms, sound, speech
from voicestream.errors import UnusableSoundError
from voicestream.workers.text.duration_bounds import DurationBounds
from voicestream.workers.tts.postprocessing.postprocess import postprocess, retry_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LIMITS = DurationBounds(minimum=1.0, maximum=6.0, cutoff=8.0)

GOOD = speech(2.0)
SILENCE = quiet(2.0, 0.0005)
DISTORTED = np.clip(speech(2.0) * 30, -1, 1).astype(np.float32)
NOTHING = np.zeros(0, np.float32)
SHORT = speech(0.15)


def no_numbers(at: float, of: NDArray[np.float32] = GOOD) -> NDArray[np.float32]:
    broken = of.copy()
    broken[round(at * RATE)] = np.nan
    return broken


def heard(engine: Engine, bounds: DurationBounds = LIMITS, pause: float = 0.0) -> tuple[NDArray[np.float32], list[str]]:
    told: list[str] = []
    out = list(postprocess(engine.make, 7, sample_rate=RATE, bounds=bounds, pause_seconds=pause, report=told.append))
    return np.concatenate(out), told


WRONG = {
    "silent": (SILENCE, "it is silent"),
    "nothing": (NOTHING, "it is silent"),
    "distorted": (DISTORTED, "it is distorted: cut off at full scale"),
    "not finite": (no_numbers(0.1), "there are samples in it that are no numbers"),
    "infinite": (np.full(RATE, np.inf, np.float32), "there are samples in it that are no numbers"),
    "too short": (SHORT, "it is too short for its text"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_sound_that_is_wrong_is_made_once_more_with_anretry_seed(wrong: str) -> None:
    sound_made, reason = WRONG[wrong]
    engine = Engine(sound_made, GOOD)
    samples, told = heard(engine)
    assert np.array_equal(samples, heard(Engine(GOOD))[0])
    assert engine.seeds == [7, retry_seed(7)]
    assert told == [f"{reason}; retrying with another seed"]
    assert engine.closed == 2


@pytest.mark.parametrize("wrong", ["silent", "nothing", "not finite", "infinite"])
def test_what_cannot_be_heard_twice_is_an_error_that_says_why(wrong: str) -> None:
    sound_made, reason = WRONG[wrong]
    engine = Engine(sound_made)
    with pytest.raises(UnusableSoundError, match=reason):
        heard(engine)
    assert len(engine.seeds) == engine.closed == 2


@pytest.mark.parametrize("wrong", ["distorted", "too short"])
def test_what_can_be_heard_is_heard_the_second_time_and_that_is_told(wrong: str) -> None:
    sound_made, reason = WRONG[wrong]
    engine = Engine(sound_made)
    samples, told = heard(engine)
    assert len(engine.seeds) == 2
    assert told == [f"{reason}; retrying with another seed", reason]
    assert len(samples) == pytest.approx(len(sound_made), abs=240)
    assert np.abs(samples).max() <= 1.0


def test_silence_without_end_is_given_up_soon() -> None:
    engine = Engine(quiet(60.0), GOOD)
    samples, _ = heard(engine)
    assert len(samples) == len(GOOD)
    assert engine.seeds == [7, retry_seed(7)]
    assert engine.made_first < 3.2 * RATE


def test_what_is_wrong_after_something_was_heard_ends_the_sentence_there() -> None:
    engine = Engine(no_numbers(1.0))
    samples, told = heard(engine)
    assert len(engine.seeds) == 1
    assert len(samples) / RATE == pytest.approx(1.0, abs=0.011)
    assert np.isfinite(samples).all()
    assert np.abs(samples[-1]) < 0.001
    assert "it was ended at samples that are no numbers" in told


def test_a_sentence_that_is_too_short_after_some_of_it_was_heard_is_heard_and_told() -> None:
    engine = Engine(speech(0.6))
    samples, told = heard(engine)
    assert len(engine.seeds) == 1
    assert len(samples) / RATE == pytest.approx(0.6, abs=0.01)
    assert told == ["it is too short for its text"]


def test_a_text_that_says_nothing_may_be_silent() -> None:
    samples, told = heard(Engine(SILENCE), DurationBounds(0.0, 2.0, 3.0))
    assert not np.any(samples)
    assert told == []


def test_what_the_engine_raises_comes_through_and_it_is_closed() -> None:
    def make(seed: int) -> Iterator[NDArray[np.float32]]:
        yield GOOD
        raise RuntimeError(str(seed))

    with pytest.raises(RuntimeError, match="7"):
        list(postprocess(make, 7, sample_rate=RATE, bounds=LIMITS, report=pytest.fail))


def test_a_sentence_that_is_let_go_of_closes_the_engine() -> None:
    engine = Engine(GOOD)
    chunks = postprocess(engine.make, 7, sample_rate=RATE, bounds=LIMITS, report=pytest.fail)
    next(chunks)
    chunks.close()
    assert engine.closed == 1
    assert engine.made == 2_400


def test_every_chunk_of_the_engine_is_a_moment_to_let_go_of_the_sentence() -> None:
    def make(_seed: int) -> Iterator[NDArray[np.float32]]:
        for chunk in cut(SILENCE, [1_000]):
            yield NOTHING
            yield chunk

    chunks = postprocess(make, 7, sample_rate=RATE, bounds=DurationBounds(0.0, 1.0, 2.0), report=pytest.fail)
    assert sum(1 for _ in chunks) == 2 * len(SILENCE) // 1_000


def test_sound_begins_when_a_quarter_of_a_second_of_it_was_made() -> None:
    lead = 0.3
    engine = Engine(sound(quiet(lead), GOOD), sizes=(240,))
    for chunk in postprocess(engine.make, 7, sample_rate=RATE, bounds=LIMITS, report=pytest.fail):
        if len(chunk):
            break
    assert engine.made / RATE <= lead + 0.25 + 0.03


def test_from_then_on_no_more_than_thirty_milliseconds_are_held_back() -> None:
    engine = Engine(speech(4.0), sizes=(240,))
    out = 0
    for chunk in postprocess(engine.make, 7, sample_rate=RATE, bounds=LIMITS, report=pytest.fail):
        out += len(chunk)
        if engine.made > 0.3 * RATE:
            assert engine.made - out <= 0.03 * RATE


@pytest.mark.parametrize("loudness", [0.03, 0.05, 0.1, 0.2, 0.28])
def test_voices_of_different_loudness_are_heard_alike(loudness: float) -> None:
    samples, _ = heard(Engine(speech(5.0, loudness)))
    assert 20 * np.log10(rms(samples[RATE:]) / 0.1) == pytest.approx(0, abs=2.5)


def test_the_gain_is_bounded() -> None:
    samples, _ = heard(Engine(speech(5.0, 0.01)))
    assert rms(samples[RATE:]) / 0.01 == pytest.approx(10 ** (9 / 20), rel=0.02)


def test_pauses_do_not_make_the_voice_louder() -> None:
    broken_up = sound(*(part for _ in range(7) for part in (speech(0.25, 0.05), quiet(0.4, 0.001))))
    whole = speech(1.5, 0.05)
    last = heard(Engine(broken_up))[0][round(6 * 0.65 * RATE) :][: RATE // 4]
    alike = heard(Engine(whole))[0][RATE : RATE + RATE // 4]
    assert rms(last) == pytest.approx(rms(alike), rel=0.1)


def test_after_a_peak_the_voice_comes_back_slowly() -> None:
    peaky = speech(3.0, 0.1)
    peaky[RATE : RATE + 2_400] *= 9
    samples, _ = heard(Engine(peaky))

    def gain(at: float) -> float:
        first = round(at * RATE)
        return rms(samples[first : first + 240]) / rms(peaky[first : first + 240])

    assert gain(1.12) < 0.7 * gain(0.95)
    assert gain(1.8) > 0.7 * gain(0.95)


def test_peaks_are_made_smaller_and_not_cut_off() -> None:
    peaky = speech(2.0, 0.1)
    peaky[RATE : RATE + 2_400] *= 9
    samples, told = heard(Engine(peaky))
    assert 0.9 < np.abs(samples).max() <= 0.9801
    assert np.count_nonzero(np.abs(samples) > 0.979) < 20
    assert told == []


def test_nothing_clicks_at_the_edges() -> None:
    cut_off = speech(2.0)[1_000:]
    samples, _ = heard(Engine(cut_off))
    assert np.abs(samples[0]) < 0.001
    assert np.abs(samples[-1]) < 0.001
    assert np.abs(np.diff(samples)).max() <= np.abs(np.diff(heard(Engine(speech(2.0)))[0])).max() * 1.5


PARTS = st.lists(
    st.one_of(
        st.tuples(st.just("speech"), st.floats(0.01, 1.2), st.sampled_from([0.004, 0.02, 0.1, 0.3, 0.9])),
        st.tuples(st.just("quiet"), st.floats(0.01, 1.0), st.sampled_from([0.0, 0.0005, 0.002])),
        st.tuples(st.just("broken"), st.just(0.01), st.just(0.0)),
    ),
    max_size=6,
)
SIZES = st.lists(st.integers(0, 9_000), min_size=1, max_size=5).filter(any)


def built(parts: list[tuple[str, float, float]]) -> NDArray[np.float32]:
    made = [NOTHING]
    for i, (kind, seconds, loudness) in enumerate(parts):
        if kind == "broken":
            made.append(np.full(200, np.nan, np.float32))
        else:
            part = speech(seconds, loudness, seed=i) if kind == "speech" else quiet(seconds, loudness, seed=i)
            made.append(np.clip(part, -1, 1))
    return np.concatenate(made)


def outcome(takes: list[NDArray[np.float32]], sizes: list[int]) -> tuple[bytes, list[str], list[int]]:
    engine = Engine(*takes, sizes=sizes)
    told: list[str] = []
    out: list[bytes] = []
    try:
        for chunk in postprocess(
            engine.make,
            7,
            sample_rate=RATE,
            bounds=DurationBounds(0.4, 2.0, 2.7),
            pause_seconds=0.25,
            report=told.append,
        ):
            assert chunk.dtype == np.float32
            assert np.isfinite(chunk).all()
            assert not len(chunk) or np.abs(chunk).max() <= 0.9801
            out.append(chunk.tobytes())
    except UnusableSoundError as error:
        told.append(str(error))
    return b"".join(out), told, engine.seeds


@settings(max_examples=40)
@given(first=PARTS, second=PARTS, sizes=SIZES)
def test_the_same_sound_is_heard_however_it_was_cut_into_chunks(
    first: list[tuple[str, float, float]], second: list[tuple[str, float, float]], sizes: list[int]
) -> None:
    takes = [built(first), built(second)]
    assert outcome(takes, sizes) == outcome(takes, [1_000_000])


def test_the_retry_seed_is_another_and_in_range() -> None:
    for seed in (0, 1, 2**32 - 1, 2**63 - 1):
        assert 0 <= retry_seed(seed) < 2**63
        assert retry_seed(seed) != seed
