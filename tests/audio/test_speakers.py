"""The speakers, through a real player process and a real sound server: every sample that is heard is looked at."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.device_buffer import DEVICE_BUFFER_FRAMES, SERVER_LATE_FRAMES, most_doubled
from helpers.audio.pulse import Reading, Recorder, ramp
from helpers.fixtures.deadline import remaining, takes
from voicestream.errors import EXIT_NO_AUDIO
from voicestream.protocol.messages import (
    AudioPlayed,
    Cancel,
    Cancelled,
    CloseOutput,
    Drain,
    OutputFailed,
    Pause,
    PlaybackFinished,
    PlaybackStarted,
    Resume,
    Silence,
    Stop,
    Stopping,
    Underrun,
)

if TYPE_CHECKING:
    from helpers.audio.player_driver import PlayerDriver
    from helpers.audio.pulse import PulseServer

pytestmark = pytest.mark.audio

TAIL_SECONDS = 0.1
"""What is still heard after the player said that it was."""

TAKE_SECONDS = 30
"""For one take on a slow machine. A gap in one of them may be the machine's, when everything on it stands still; one in
each of them is ours. That every sample is heard, once and in order, must hold in each."""


def wait_for_ramp(recorder: Recorder, first: int, end: int) -> None:
    """Until one of these numbers was heard."""
    limit = time.monotonic() + remaining()
    while not len(Reading(recorder.heard).between(first, end).at):
        assert time.monotonic() < limit, "nothing is heard"
        recorder.wait(0.02)


def test_sentences_are_heard_sample_for_sample_and_without_a_gap_between_them(
    driver: PlayerDriver, recorder: Recorder
) -> None:
    driver.start()
    assert driver.open("a").description
    driver.open("b")
    lengths = [3_000 + 2_777 * i for i in range(6)]
    gaps: list[list[int]] = []
    for take in takes(TAKE_SECONDS):
        first = at = take * 100_000
        for i, frames in enumerate(lengths):
            driver.say("ab"[i % 2], take * len(lengths) + i, ramp(at, frames))
            at += frames
        driver.wait_until_finished()
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(first, at)
        assert driver.pieces(heard) == [(first, at)]
        gaps.append(heard.gaps)
        if not heard.gaps:
            break
    assert gaps[-1] == [], gaps
    in_order = list(range(len(lengths) * len(gaps)))
    assert [m.sentence for m in driver.all_of(PlaybackStarted)] == in_order
    assert [m.sentence for m in driver.all_of(PlaybackFinished)] == in_order


def test_a_sentence_is_finished_when_it_was_heard_and_not_before(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    for take in takes(TAKE_SECONDS):
        first, end = take * 12_000, (take + 1) * 12_000
        sent = time.monotonic()
        driver.say("s", take, ramp(first, 12_000))
        driver.wait_until_finished()
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(first, end)
        finished = [h.at for h in driver.news if isinstance(h.message, PlaybackFinished)]
        assert len(finished) == take + 1
        begun_after = recorder.when(int(heard.at[0])) - sent
        finished_after = finished[-1] - recorder.when(int(heard.at[-1]))
        assert finished_after > -0.010
        if begun_after < 0.2 and finished_after < 0.2:
            return
    pytest.fail(f"too late in each take: heard after {begun_after:.3f} s, finished after {finished_after:.3f} s")


def test_pause_holds_at_a_frame_and_resume_goes_on_with_the_next(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, 20_000))
    recorder.wait_for_sound()
    driver.send(Pause())
    recorder.wait(0.4)
    held = Reading(recorder.heard).pieces
    recorder.wait(0.2)
    assert Reading(recorder.heard).pieces == held
    assert not driver.all_of(PlaybackFinished)
    driver.send(Resume())
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    heard = Reading(recorder.heard)
    assert driver.pieces(heard) == [(0, 20_000)]
    assert max(heard.gaps) > 0.3 * 24_000
    # The pause itself is no underrun.
    assert sum(m.frames for m in driver.all_of(Underrun)) < 0.3 * 24_000


def test_what_comes_during_a_pause_waits(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    driver.send(Pause())
    driver.say("s", 0, ramp(0, 3_000))
    recorder.wait(0.2)
    assert not Reading(recorder.heard).pieces
    driver.open("t")
    driver.send(Resume())
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    assert driver.pieces(Reading(recorder.heard)) == [(0, 3_000)]


def test_silence_is_heard_at_once_and_other_sessions_go_on(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("a")
    driver.open("b")
    for take in takes(TAKE_SECONDS):
        first, other = take * 200_000, take * 200_000 + 100_000
        driver.say("a", 2 * take, ramp(first, 48_000))
        driver.say("a", 2 * take + 1, ramp(first + 48_000, 48_000))
        wait_for_ramp(recorder, first, other)
        recorder.wait(0.1)
        driver.send(Silence(session="a"))
        sent = time.monotonic()
        driver.wait_for(Cancelled)
        answered_after = time.monotonic() - sent
        recorder.wait(0.2)
        heard = Reading(recorder.heard).between(first, other)
        ((_, silent_at),) = driver.pieces(heard)
        assert silent_at < first + 48_000
        silent_after = recorder.when(int(heard.at[-1])) - sent
        after = driver.say("b", take, ramp(other, 5_000))
        driver.wait_until_finished([after])
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(first, other + 100_000)
        assert driver.pieces(heard) == [(first, silent_at), (other, other + 5_000)]
        finished = [(m.session, m.sentence) for m in driver.all_of(PlaybackFinished)]
        assert finished == [("b", number) for number in range(take + 1)]
        if silent_after < 0.1 and answered_after < 0.1:
            return
    pytest.fail(f"too late in each take: silent after {silent_after:.3f} s, answered after {answered_after:.3f} s")


def test_a_sentence_that_is_taken_back_leaves_no_gap_where_it_was(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    gaps: list[list[int]] = []
    for take in takes(TAKE_SECONDS):
        at, i = take * 100_000, take * 3
        first = driver.say("s", i, ramp(at, 12_000))
        driver.say("s", i + 1, ramp(at + 12_000, 12_000))
        third = driver.say("s", i + 2, ramp(at + 24_000, 12_000))
        driver.wait_for(PlaybackStarted)
        driver.send(Cancel(session="s", sentence=i + 1))
        assert driver.wait_for(Cancelled).sentence == i + 1
        driver.wait_until_finished([first, third])
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(at, at + 36_000)
        assert driver.pieces(heard) == [(at, at + 12_000), (at + 24_000, at + 36_000)]
        gaps.append(heard.gaps)
        if not heard.gaps:
            break
    assert gaps[-1] == [], gaps


def test_the_sentence_being_heard_can_be_taken_back(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, 48_000))
    second = driver.say("s", 1, ramp(48_000, 6_000))
    recorder.wait_for_sound()
    driver.send(Cancel(session="s", sentence=0))
    driver.wait_until_finished([second])
    recorder.wait(TAIL_SECONDS)
    heard = Reading(recorder.heard)
    _, after = driver.pieces(heard)
    assert after == (48_000, 54_000)
    assert [m.sentence for m in driver.all_of(PlaybackFinished)] == [1]


def test_a_killed_player_loses_no_sample_and_repeats_at_most_one_buffer(
    driver: PlayerDriver, recorder: Recorder
) -> None:
    driver.start()
    driver.open("s")
    frames = 40_000
    for take in takes(TAKE_SECONDS):
        first, end = 2 * take * frames, 2 * (take + 1) * frames
        driver.say("s", 2 * take, ramp(first, frames))
        driver.say("s", 2 * take + 1, ramp(first + frames, frames))
        for _ in range(4):
            recorder.wait(0.35)
            driver.kill()
            driver.go_on_after_kill()
        driver.wait_until_finished()
        recorder.wait(TAIL_SECONDS)
        pieces = driver.pieces(Reading(recorder.heard).between(first, end))
        assert pieces[0][0] == first
        assert pieces[-1][1] == end
        doubled = [before[1] - after[0] for before, after in itertools.pairwise(pieces)]
        assert len(doubled) <= 4
        most = most_doubled(ran_empty=driver.ran_empty)
        assert all(-SERVER_LATE_FRAMES <= each <= most for each in doubled), doubled
        if all(each > 0 for each in doubled):
            return
    pytest.fail(f"the sound server was late in each take: {doubled}")


def test_a_player_that_is_drained_loses_no_sample_and_repeats_none(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    heard = _heard_across_players(driver, recorder, Drain())
    # The slots were given back up to the very frame.
    assert driver.pieces(heard) == [(0, 36_000)]
    (held_at,) = {m.frame for m in driver.all_of(AudioPlayed)} - {12_000, 24_000}
    longest = max(range(len(heard.gaps)), key=heard.gaps.__getitem__)
    assert int(heard.numbers[np.flatnonzero(np.diff(heard.at) != 1)[longest]]) + 1 == held_at


def test_a_player_that_is_stopped_loses_no_sample_and_repeats_at_most_one_buffer(
    driver: PlayerDriver, recorder: Recorder
) -> None:
    driver.start()
    driver.open("s")
    for take in takes(TAKE_SECONDS):
        logged = len(driver.output)
        pieces = _heard_across_players(driver, recorder, Stop(), take).pieces
        # A device that ran empty throws away what it had.
        if b"ran_empty=" in driver.output[logged:]:
            continue
        doubled = sum(end - first for first, end in pieces) - 36_000
        assert -SERVER_LATE_FRAMES <= doubled <= DEVICE_BUFFER_FRAMES
        if doubled > 0:
            assert len(pieces) == 2
            return
    pytest.fail(f"the device ran empty or the sound server was late in each take: {pieces}")


def _heard_across_players(driver: PlayerDriver, recorder: Recorder, order: Drain | Stop, take: int = 0) -> Reading:
    """Replace the player within a sentence of 36,000 frames, and return what was heard of the sentence."""
    first, end = take * 36_000, (take + 1) * 36_000
    driver.say("s", take, ramp(first, 36_000))
    wait_for_ramp(recorder, first, end)
    recorder.wait(0.3)
    driver.send(order)
    driver.wait_for(Stopping)
    assert driver.wait_for_exit() == 0
    assert len(driver.all_of(PlaybackFinished)) == take, "it has played on to the end of the sentence"
    driver.go_on_after_kill()
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    return Reading(recorder.heard).between(first, end)


def test_silence_inside_a_sentence_is_counted_frame_by_frame(driver: PlayerDriver, recorder: Recorder) -> None:
    driver.start()
    driver.open("s")
    errors: list[int] = []
    for take in takes(TAKE_SECONDS):
        first = take * 100_000
        for i in range(3):
            driver.say("s", take, ramp(first + 6_000 * i, 6_000), last=False)
            recorder.wait(0.4)
        # This comes late, too, but nothing was missing before it: that is no underrun.
        driver.say("s", take, b"")
        driver.wait_until_finished()
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(first, first + 18_000)
        assert driver.pieces(heard) == [(first, first + 18_000)]
        underrun = driver.all_of(Underrun)[take]
        assert underrun.sentence == take
        errors.append(underrun.frames - sum(heard.gaps))
        if errors[-1] == 0:
            break
    assert errors[-1] == 0, errors
    kinds = [type(heard.message) for heard in driver.news]
    assert kinds.index(Underrun) < kinds.index(PlaybackFinished)


def test_a_device_that_ran_empty_gets_a_longer_buffer_and_the_sentence_goes_on(
    driver: PlayerDriver, recorder: Recorder
) -> None:
    errors: list[int] = []
    for take in takes(TAKE_SECONDS):
        first, before = take * 100_000, len(driver.output)
        driver.start()
        driver.open("s")
        spoken = driver.say("s", 2 * take, ramp(first, 36_000))
        driver.wait_for(PlaybackStarted)
        recorder.wait(0.3)
        assert driver.process is not None
        os.kill(driver.process.pid, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(driver.process.pid, signal.SIGCONT)
        driver.wait_until_finished([spoken])
        recorder.wait(TAIL_SECONDS)
        heard = Reading(recorder.heard).between(first, first + 36_000)
        assert heard.numbers[0] == first
        assert heard.numbers[-1] == first + 35_999
        # ALSA throws away what it holds when it ran empty; nothing is repeated, and nothing else is lost.
        assert np.all(np.diff(heard.numbers) >= 1)
        output = driver.output[before:]
        opened = output.count(b"latency_ms=")
        assert opened >= 2  # once more for each time that the machine stood still by itself
        assert 36_000 - len(heard.numbers) <= (opened - 1) * DEVICE_BUFFER_FRAMES
        (underrun,) = [one for one in driver.all_of(Underrun) if one.sentence == 2 * take]
        errors.append(underrun.frames - sum(heard.gaps))
        assert b"latency_ms=10.0" in output
        # Still silent at once, now that more is in the device's buffer than may be heard.
        driver.say("s", 2 * take + 1, ramp(first + 36_000, 48_000))
        driver.wait_for(PlaybackStarted)
        recorder.wait(0.2)
        driver.send(Silence(session="s"))
        sent = time.monotonic()
        driver.wait_for(Cancelled)
        recorder.wait(0.2)
        silent_after = recorder.when(int(Reading(recorder.heard).at[-1])) - sent
        if abs(errors[-1]) <= 2 * DEVICE_BUFFER_FRAMES and silent_after < 0.1:
            return
        driver.kill()
    pytest.fail(f"frames counted too many or too few in each take: {errors}; silent after {silent_after:.3f} s")


def test_sessions_with_speakers_and_files_take_turns(driver: PlayerDriver, recorder: Recorder, tmp_path: Path) -> None:
    driver.start()
    driver.open("loud")
    driver.open("file", "wav", tmp_path / "out.wav")
    driver.say("loud", 0, ramp(0, 6_000))
    driver.say("file", 0, ramp(0, 6_000))
    driver.say("loud", 1, ramp(6_000, 6_000))
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    assert driver.pieces(Reading(recorder.heard)) == [(0, 12_000)]
    finished = [(m.session, m.sentence) for m in driver.all_of(PlaybackFinished)]
    assert finished == [("loud", 0), ("file", 0), ("loud", 1)]
    assert (tmp_path / "out.wav").stat().st_size == 44 + 12_000


def test_the_device_is_released_when_nothing_is_played_and_opened_again(
    driver: PlayerDriver, recorder: Recorder, pulse: PulseServer
) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, 2_000))
    driver.wait_until_finished()
    assert pulse.streams == 1

    def is_released() -> bool:
        recorder.wait(0.2)  # asking starts a process
        return pulse.streams == 0

    driver.wait_until(is_released, "released")
    driver.say("s", 1, ramp(2_000, 2_000))
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    assert driver.pieces(Reading(recorder.heard)) == [(0, 4_000)]
    driver.send(CloseOutput(session="s"))
    driver.wait_until(is_released, "released without a session")


def test_a_sentence_goes_on_at_the_right_frame_after_the_sound_server_was_started_again(
    driver: PlayerDriver, pulse: PulseServer
) -> None:
    for take in takes(TAKE_SECONDS):
        driver.start()
        driver.open("s")
        with Recorder(pulse) as recorder:
            sentence = driver.say("s", take, ramp(0, 48_000))
            recorder.wait_for_sound()
            recorder.wait(0.5)
            pulse.kill()
            time.sleep(0.3)
            before = driver.pieces(Reading(recorder.heard))
        pulse.start()
        with Recorder(pulse) as recorder:
            try:
                driver.wait_until_finished([sentence])
            except AssertionError:
                # The device had run empty and was being opened: libpulse waits for ever if the server is killed then.
                if b"did not open the sound device" not in driver.output:
                    raise
                continue
            recorder.wait(TAIL_SECONDS)
            after = Reading(recorder.heard).pieces
        assert driver.incarnation == take + 1
        assert len(before) == 1
        # The recorder is not there from the new server's first moment: it may miss the beginning, not the end.
        assert after[-1][1] == 48_000
        assert before[0][1] - most_doubled(ran_empty=driver.ran_empty) <= after[0][0]
        return
    pytest.fail("the server was killed while the device was being opened, in each take")


def test_a_player_whose_sound_server_is_frozen_ends_so_that_another_can_try(
    driver: PlayerDriver, recorder: Recorder, pulse: PulseServer
) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, 96_000))
    recorder.wait_for_sound()
    pulse.freeze()
    try:
        assert driver.wait_for_exit() == EXIT_NO_AUDIO
        # The second reason, if the device had run empty just before and was being closed for a longer buffer.
        reasons = ("has taken nothing for", "did not close the sound device")
        assert any(reason in driver.all_of(Stopping)[0].reason for reason in reasons)
        driver.start()
        driver.ask_to_open("s")
        assert driver.wait_for_exit() == EXIT_NO_AUDIO
        (failed,) = driver.all_of(OutputFailed)
        assert failed.exit_code == EXIT_NO_AUDIO
        assert "within 5 s" in failed.reason
        assert "voicestream run --output FILE.wav" in failed.reason
    finally:
        pulse.thaw()


def test_without_a_sound_device_the_session_fails_with_69(
    driver: PlayerDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulse: PulseServer
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    driver.start()
    driver.ask_to_open("s")
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 69
    assert "voicestream run --output FILE.wav" in failed.reason
    # The player itself is fine.
    driver.open("w", "wav", tmp_path / "out.wav")
    driver.say("w", 0, ramp(0, 100))
    driver.wait_until_finished()


def test_a_device_of_an_unknown_name_is_refused_with_the_names_there_are(
    driver: PlayerDriver, pulse: PulseServer
) -> None:
    driver.start()
    driver.ask_to_open("s", device="gramophone")
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 69
    assert "'gramophone'" in failed.reason
    assert "default" in failed.reason
    assert "--device" in failed.reason
    driver.open("t", device="PULSE")
    driver.say("t", 0, ramp(0, 1000))
    driver.wait_until_finished()


HIDE_PORTAUDIO = """
import ctypes.util
find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if "portaudio" in name.lower() else find_library(name)
"""

REFUSE_24_KHZ = """
import importlib, sys
here = sys.path.pop(0)
del sys.modules["sounddevice"]
real = importlib.import_module("sounddevice")
sys.path.insert(0, here)

class RawOutputStream(real.RawOutputStream):
    def __init__(self, *, samplerate, **more):
        if samplerate == 24000:
            raise real.PortAudioError("Error opening RawOutputStream: Invalid sample rate", -9997)
        super().__init__(samplerate=samplerate, **more)

real.RawOutputStream = RawOutputStream
sys.modules["sounddevice"] = real
"""


def test_without_portaudio_the_session_fails_with_69_and_what_to_install(
    driver: PlayerDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE_PORTAUDIO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    driver.start()
    driver.ask_to_open("s")
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 69
    assert "PortAudio library not found" in failed.reason
    assert "apt install libportaudio2 libasound2-plugins" in failed.reason
    assert "voicestream run --output FILE.wav" in failed.reason
    driver.open("n", "null")
    driver.say("n", 0, ramp(0, 1000))
    driver.wait_until_finished()


def test_a_device_that_refuses_24_khz_is_heard_resampled(
    driver: PlayerDriver, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text(REFUSE_24_KHZ)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    driver.start()
    driver.open("s")
    time_axis = np.arange(24_000) / 24_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time_axis)).astype(np.float32)
    for take in takes(TAKE_SECONDS):
        before = len(recorder.heard)
        driver.say("s", take, tone.tobytes())
        driver.wait_until_finished()
        recorder.wait(TAIL_SECONDS)
        heard = recorder.heard[before:]
        loud = np.flatnonzero(np.abs(heard) > 0.01)
        piece = heard[loud[0] : loud[-1] + 1]
        crossings = np.count_nonzero(np.diff(np.signbit(piece[1000:-1000])))
        hertz = crossings / (len(piece) - 2000) * 24_000 / 2
        if len(piece) / 24_000 < 1.02 and abs(hertz - 440) < 3:
            break  # a busy machine puts silence into a take
    assert 0.98 < len(piece) / 24_000 < 1.02
    assert 0.34 < float(np.sqrt(np.mean(piece**2))) < 0.37
    assert abs(hertz - 440) < 3
    assert b"resampling" in driver.output


def test_the_player_needs_no_sound_system_for_files(driver: PlayerDriver, tmp_path: Path) -> None:
    driver.start()
    driver.open("w", "wav", tmp_path / "out.wav")
    assert driver.process is not None
    assert "portaudio" not in Path(f"/proc/{driver.process.pid}/maps").read_text()
