"""Which recordings are fit to be a voice."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.audio.recordings import RATE, silence, speech
from voicestream.voices import sample_checks
from voicestream.voices.sample_checks import Measures

GOOD = {"speech_seconds": 10.0, "level": -20.0, "silent_share": 0.2, "clipped_share": 0.0}


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"speech_seconds": 0.0}, "it is silent."),
        ({"speech_seconds": 2.96}, "there are only 3.0 s of speech in it; at least 3 are needed."),
        ({"level": -45.1}, "it is too quiet: its level is 45 dB below full scale."),
        ({"clipped_share": 0.011}, "it is distorted: 1.1% of it is clipped."),
    ],
)
def test_what_cannot_be_a_voice_is_refused_with_the_reason(changed: dict[str, float], refusal: str) -> None:
    (found,) = sample_checks.judge(Measures(**{**GOOD, **changed})).refusals
    assert found.startswith(refusal)


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"speech_seconds": 3.0}, "there are only 3.0 s of speech in it; from 6 s on the voice matches better."),
        ({"level": -44.9}, "it is quiet: its level is 45 dB below full scale."),
        ({"clipped_share": 0.001}, "0.1% of it is clipped: it was recorded too loud."),
        ({"silent_share": 0.6}, "60% of it is silence: the voice will pause as often."),
    ],
)
def test_what_could_be_better_is_a_warning(changed: dict[str, float], warning: str) -> None:
    verdict = sample_checks.judge(Measures(**{**GOOD, **changed}))
    assert verdict.refusals == ()
    assert [found[: len(warning)] for found in verdict.warnings] == [warning]


def test_a_good_recording_is_taken_without_a_word_and_a_bad_one_with_all_of_them() -> None:
    assert sample_checks.judge(Measures(**GOOD)) == sample_checks.CheckResult((), ())
    assert len(sample_checks.judge(Measures(1.0, -60.0, 0.2, 0.5)).refusals) == 3


def test_speech_is_found_between_silences_and_measured_without_them() -> None:
    sound = np.concatenate([silence(1.0), speech(4.0), silence(2.0)])
    begin, end = sample_checks.speech_span(sound, RATE)
    assert begin / RATE == pytest.approx(1.0, abs=0.05)
    assert end / RATE == pytest.approx(5.0, abs=0.05)
    measures = sample_checks.measure(sound[begin:end], RATE, 0.0)
    assert measures.speech_seconds == pytest.approx(4.0, abs=0.2)
    assert measures.silent_share < 0.05
    assert measures.level == pytest.approx(-21.7, abs=1.5)  # a sine of 0.2 at most, with syllables


def test_long_pauses_are_silence_and_do_not_count_as_speech() -> None:
    sound = np.concatenate([speech(2.0), silence(6.0), speech(2.0)])
    measures = sample_checks.measure(sound, RATE, 0.0)
    assert measures.speech_seconds == pytest.approx(4.0, abs=0.2)
    assert measures.silent_share == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("sound", [silence(0.0), silence(0.01), np.zeros(RATE, np.float32), silence(1.0) * 0.1])
def test_where_there_is_nothing_there_is_no_speech(sound: np.ndarray) -> None:
    assert sample_checks.speech_span(sound, RATE) == (0, 0)
    assert sample_checks.measure(sound, RATE, 0.0).speech_seconds == 0.0


def test_samples_at_full_scale_are_clipped() -> None:
    sound = speech(4.0, level=0.9)
    assert sample_checks.clipped_share(sound) == 0.0
    assert sample_checks.clipped_share(np.clip(sound * 3, -1, 1)) > 0.1
    assert sample_checks.clipped_share(np.zeros(0, np.float32)) == 0.0
