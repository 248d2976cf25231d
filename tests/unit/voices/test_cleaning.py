"""What becomes of recordings: one sample, as XTTS wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.recordings import RATE, record, silence, speech
from voicestream.errors import ConfigurationError, UsageError
from voicestream.models import packages
from voicestream.voices import cleaning, sample, sample_checks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytest.importorskip("soundfile", reason="soundfile not found: make neural")


def loudest(samples: NDArray[np.float32], rate: int) -> float:
    """The frequency with most energy, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_each_format_and_rate_becomes_the_same_voice_without_the_silence_around_it(
    tmp_path: Path, suffix: str, rate: int
) -> None:
    sound = np.concatenate([silence(1.0, rate), speech(8.0, rate=rate), silence(1.0, rate)])
    cleaned = cleaning.clean([record(tmp_path / f"me.{suffix}", sound, rate)])
    assert cleaned.warnings == ()
    made = cleaned.sample
    assert (made.sample_rate, made.samples.dtype, made.samples.ndim) == (22_050, np.float32, 1)
    assert made.seconds == pytest.approx(8.0, abs=0.1)
    assert loudest(made.samples, made.sample_rate) == pytest.approx(150.0, abs=5.0)
    assert np.abs(made.samples).max() == pytest.approx(0.2, abs=0.02)
    assert made.samples[0] == made.samples[-1] == 0.0


def test_what_is_at_the_right_rate_already_is_not_touched_but_at_its_edges(tmp_path: Path) -> None:
    sound = speech(8.0, rate=sample.SAMPLE_RATE)
    made = cleaning.clean([record(tmp_path / "me.wav", sound, sample.SAMPLE_RATE)]).sample
    begin, end = sample_checks.speech_span(sound, sample.SAMPLE_RATE)
    assert len(made.samples) == end - begin
    edge = round(0.01 * sample.SAMPLE_RATE)
    assert np.allclose(made.samples[edge:-edge], sound[begin + edge : end - edge], atol=5e-5)


def test_channels_are_mixed(tmp_path: Path) -> None:
    stereo = np.stack([speech(8.0, level=0.4), np.zeros(8 * RATE, np.float32)], axis=1)
    made = cleaning.clean([record(tmp_path / "me.wav", stereo)]).sample
    assert np.abs(made.samples).max() == pytest.approx(0.2, abs=0.02)


def test_several_files_are_joined_in_their_order_with_a_pause_as_between_words(tmp_path: Path) -> None:
    low = record(tmp_path / "low.wav", np.concatenate([speech(4.0, pitch=120.0), silence(3.0)]))
    high = record(tmp_path / "high.flac", speech(4.0, pitch=300.0, rate=48_000), 48_000)
    made = cleaning.clean([low, high]).sample
    assert made.seconds == pytest.approx(8.15, abs=0.1)
    half = len(made.samples) // 2
    assert loudest(made.samples[:half], made.sample_rate) == pytest.approx(120.0, abs=5.0)
    assert loudest(made.samples[half:], made.sample_rate) == pytest.approx(300.0, abs=5.0)


def test_of_a_long_recording_the_beginning_is_used_and_that_is_said(tmp_path: Path) -> None:
    cleaned = cleaning.clean([record(tmp_path / "book.wav", speech(40.0))])
    assert cleaned.sample.seconds == 30.0
    assert cleaned.warnings == ("only the first 30 s are used.",)


@pytest.mark.parametrize(
    ("sound", "rate", "words"),
    [
        (speech(8.0, rate=8_000), 8_000, "it was recorded at 8000 Hz, and 16000 are needed."),
        (speech(2.0), RATE, "there are only 2.0 s of speech in it"),
        (np.concatenate([speech(2.0), silence(9.0)]), RATE, "there are only 2.0 s of speech in it"),
        (silence(5.0) * 0.1, RATE, "it is silent."),
        (speech(8.0, level=0.005), RATE, "it is too quiet"),
        (np.clip(speech(8.0, level=3.0), -1, 1), RATE, "it is distorted"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_file_with_what_to_record(
    tmp_path: Path, sound: NDArray[np.float32], rate: int, words: str
) -> None:
    file = record(tmp_path / "me.wav", sound, rate)
    with pytest.raises(UsageError) as error:
        cleaning.clean([file])
    assert f"{file} cannot be a voice: {words}" in str(error.value)
    assert error.value.hint == "Record 6 to 30 seconds of one person who speaks, in a quiet room."


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    nan = record(tmp_path / "nan.wav", np.full(8 * RATE, np.nan, np.float32), subtype="FLOAT")
    with pytest.raises(UsageError, match="some of its samples are not numbers"):
        cleaning.clean([nan])
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UsageError, match=r"text\.wav cannot be read as sound") as error:
        cleaning.clean([tmp_path / "text.wav"])
    assert "ffmpeg" in error.value.hint
    with pytest.raises(UsageError, match="that is a directory"):
        cleaning.clean([tmp_path])


def test_without_the_package_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(tmp_path / "me.wav", speech(8.0))
    monkeypatch.setattr(packages, "is_installed", lambda _: False)
    with pytest.raises(ConfigurationError, match="this needs soundfile") as error:
        cleaning.clean([file])
    assert error.value.hint == f"Try: {packages.INSTALL_FILES}"


# --- the file it is kept in


def test_a_kept_sample_is_read_back_to_the_last_bit_by_python_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cleaning.clean([record(tmp_path / "me.wav", speech(8.0, level=0.99))]).sample
    sample.write(tmp_path / "kept.wav", made)
    monkeypatch.setattr(packages, "is_installed", lambda _: False)
    found = cleaning.read(tmp_path / "kept.wav")
    assert found.content_hash == made.content_hash
    assert np.array_equal(found.samples, made.samples)
    assert (tmp_path / "kept.wav").stat().st_mode & 0o777 == 0o600


def test_the_hash_tells_samples_apart_and_not_files(tmp_path: Path) -> None:
    one = cleaning.clean([record(tmp_path / "one.wav", speech(8.0))]).sample
    same = cleaning.clean([record(tmp_path / "two.wav", np.concatenate([silence(1.0) * 0, speech(8.0)]))]).sample
    other = cleaning.clean([record(tmp_path / "three.wav", speech(8.0, pitch=151.0))]).sample
    assert one.content_hash == same.content_hash != other.content_hash


def test_a_recording_is_cleaned_as_it_is_read(tmp_path: Path) -> None:
    file = record(tmp_path / "me.flac", speech(8.0))
    assert cleaning.read(str(file)).content_hash == cleaning.clean([file]).sample.content_hash


def test_a_sample_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        cleaning.read(tmp_path / "gone.wav")
