"""The outputs without a clock, through a real player process: every byte of the file, whatever was killed when."""

from __future__ import annotations

import resource
import struct
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.player_driver import PlayerDriver
from voicestream.protocol.messages import (
    AudioPlayed,
    Cancel,
    Cancelled,
    CloseOutput,
    Drain,
    OutputFailed,
    OutputOpened,
    Pause,
    PlaybackFinished,
    PlaybackStarted,
    Resume,
    Silence,
    Stopping,
    WorkFailed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def sound(frames: int, seed: int) -> bytes:
    """Samples that no other seed has."""
    return np.random.default_rng(seed).uniform(-1.1, 1.1, frames).astype(np.float32).tobytes()


def sixteen_bit(samples: bytes) -> bytes:
    """What a WAV file is to hold."""
    exact = np.frombuffer(samples, np.float32).astype(np.float64) * 32767
    return np.clip(np.rint(exact), -32768, 32767).astype("<i2").tobytes()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[PlayerDriver]:
    """With a player that is ready."""
    with PlayerDriver(tmp_path) as driver:
        driver.start()
        yield driver


def test_a_wav_file_holds_every_sample_of_every_sentence(driver: PlayerDriver, tmp_path: Path) -> None:
    spoken = [sound(30_000, 1), sound(5, 2), b"", sound(12_000, 3)]
    assert driver.open("s", "wav", tmp_path / "out.wav").description == str(tmp_path / "out.wav")
    for i, samples in enumerate(spoken):
        driver.say("s", i, samples)
    driver.wait_until_finished()
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(file.getnframes()) == sixteen_bit(b"".join(spoken))
    assert [m.sentence for m in driver.all_of(PlaybackFinished)] == [0, 1, 2, 3]
    assert [m.sentence for m in driver.all_of(PlaybackStarted)] == [0, 1, 3]  # the third has no sound
    assert [m.frame for m in driver.all_of(AudioPlayed)] == [12_000, 24_000]


def test_nowhere_takes_a_minute_of_sound_at_once(driver: PlayerDriver) -> None:
    driver.open("s", "null")
    begin = driver.say("s", 0, sound(24_000 * 60, 1))
    driver.wait_until_finished([begin])


def say_while_killed(driver: PlayerDriver, spoken: list[bytes], step_seconds: float) -> None:
    """Write sentences to the end, and kill the player during every second one: each time a step later."""
    for i, samples in enumerate(spoken):
        driver.say("s", i, samples)
        if i % 2 == 0:
            # At once: somewhere between receiving, writing and answering.
            driver.pump(step_seconds * i)
            driver.kill()
            driver.go_on_after_kill()
    driver.wait_until_finished()


def test_a_wav_file_is_the_same_whenever_the_player_is_killed(tmp_path: Path) -> None:
    spoken = [sound(20_000 + 7 * i, i) for i in range(12)]
    path = tmp_path / "out.wav"
    with PlayerDriver(tmp_path) as driver:
        driver.start()
        driver.open("s", "wav", path)
        say_while_killed(driver, spoken, 0.0005)
        assert driver.incarnation == 7
    data = sixteen_bit(b"".join(spoken))
    assert path.read_bytes()[44:] == data
    assert path.read_bytes()[:8] == b"RIFF" + struct.pack("<I", 36 + len(data))
    assert path.read_bytes()[40:44] == struct.pack("<I", len(data))


def test_a_flac_file_is_the_same_whenever_the_player_is_killed(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile", reason="soundfile not found: make test installs it")
    spoken = [sound(20_000 + 7 * i, i) for i in range(6)]
    path = tmp_path / "out.flac"
    with PlayerDriver(tmp_path) as driver:
        driver.start()
        driver.open("s", "flac", path)
        say_while_killed(driver, spoken, 0.003)
        driver.send(CloseOutput(session="s"))
        driver.wait_until(lambda: not list(tmp_path.glob(".out*")), "the file is complete, and alone")
    assert soundfile.read(path, dtype="int16")[0].tobytes() == sixteen_bit(b"".join(spoken))


def test_a_sentence_that_is_killed_between_two_stretches_goes_on_in_the_file(
    driver: PlayerDriver, tmp_path: Path
) -> None:
    spoken = sound(40_000, 1)
    path = tmp_path / "out.wav"
    driver.open("s", "wav", path)
    driver.say("s", 0, spoken[: 4 * 15_000], last=False)
    driver.wait_until(lambda: driver.pool.cursor.frame == 15_000, "15,000 frames written")
    driver.kill()
    assert path.read_bytes()[44:] == sixteen_bit(spoken[: 4 * 15_000])
    driver.go_on_after_kill()
    driver.say("s", 0, spoken[4 * 15_000 :])
    driver.wait_until_finished()
    assert path.read_bytes()[44:] == sixteen_bit(spoken)


def test_an_old_file_is_replaced_from_its_beginning(driver: PlayerDriver, tmp_path: Path) -> None:
    (tmp_path / "out.wav").write_bytes(b"x" * 1_000_000)
    driver.open("s", "wav", tmp_path / "out.wav")
    driver.say("s", 0, sound(100, 1))
    driver.wait_until_finished()
    assert (tmp_path / "out.wav").read_bytes()[44:] == sixteen_bit(sound(100, 1))


def test_sentences_of_several_sessions_go_to_their_own_files(driver: PlayerDriver, tmp_path: Path) -> None:
    for name in ("a", "b"):
        driver.open(name, "wav", tmp_path / name)
    for i in range(6):
        driver.say("ab"[i % 2], i, sound(1000, i))
    driver.wait_until_finished()
    for k, name in enumerate(("a", "b")):
        wanted = b"".join(sound(1000, i) for i in range(k, 6, 2))
        assert (tmp_path / name).read_bytes()[44:] == sixteen_bit(wanted)


def test_a_full_disk_fails_the_sentence_and_says_where_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PlayerDriver(tmp_path) as driver:
        driver.start()
        assert driver.process is not None
        path = tmp_path / "out.wav"
        driver.open("s", "wav", path)
        # The same refusal as of a full disk, for this process alone, in the middle of a sentence.
        resource.prlimit(driver.process.pid, resource.RLIMIT_FSIZE, (44 + 2 * 20_000, resource.RLIM_INFINITY))
        driver.say("s", 0, sound(30_000, 1))
        failed = driver.wait_for(WorkFailed)
        assert (failed.session, failed.sentence, failed.permanent) == ("s", 0, True)
        assert str(path) in failed.reason
        assert "voicestream run --output ANOTHER.wav" in failed.reason
        data = path.read_bytes()
        assert data[44:] == sixteen_bit(sound(30_000, 1))[: 2 * 20_000]
        assert data[40:44] == struct.pack("<I", 2 * 20_000)
        driver.send(Cancel(session="s", sentence=0))
        driver.wait_for(Cancelled)
        resource.prlimit(driver.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        again = driver.say("s", 1, sound(100, 2))
        driver.wait_until_finished([again])
        assert not driver.all_of(OutputFailed)


def test_a_device_that_is_always_full_is_refused_when_it_is_opened(driver: PlayerDriver, tmp_path: Path) -> None:
    from pathlib import Path as RealPath

    driver.ask_to_open("s", "wav", RealPath("/dev/full"))
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 1
    assert "/dev/full" in failed.reason
    assert "the disk is full" in failed.reason


def test_a_file_that_cannot_be_made_is_refused_with_what_to_type(driver: PlayerDriver, tmp_path: Path) -> None:
    driver.ask_to_open("s", "wav", tmp_path / "missing" / "out.wav")
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 1
    assert f"Try: mkdir -p {tmp_path / 'missing'}" in failed.reason
    driver.ask_to_open("s", "wav", tmp_path)
    assert "irectory" in driver.wait_for(OutputFailed).reason


def test_what_is_paused_waits_and_what_is_taken_back_is_never_written(driver: PlayerDriver, tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    driver.open("s", "wav", path)
    driver.send(Pause())
    first = driver.say("s", 0, sound(1000, 0))
    driver.say("s", 1, sound(1000, 1))
    driver.send(Cancel(session="s", sentence=0))
    assert driver.wait_for(Cancelled).sentence == 0
    assert path.stat().st_size == 44
    driver.send(Resume())
    driver.wait_until_finished([driver.sentences["s", 1]])
    assert not first.finished
    driver.send(Silence(session="s"))
    assert driver.wait_for(Cancelled).sentence is None
    driver.send(Cancel(session="s", sentence=99))
    assert driver.wait_for(Cancelled).sentence == 99
    driver.send(CloseOutput(session="s"))
    driver.send(Silence(session="nobody"))
    assert driver.wait_for(Cancelled).session == "nobody"
    assert path.read_bytes()[44:] == b"\0" * 2000 + sixteen_bit(sound(1000, 1))


def test_a_drained_player_ends_with_zero(driver: PlayerDriver, tmp_path: Path) -> None:
    driver.open("s", "wav", tmp_path / "out.wav")
    driver.say("s", 0, sound(1000, 0))
    driver.wait_until_finished()
    driver.send(Drain())
    assert driver.wait_for(Stopping).reason == "drain"
    assert driver.wait_for_exit() == 0


def test_a_session_can_be_opened_again(driver: PlayerDriver, tmp_path: Path) -> None:
    driver.open("s", "wav", tmp_path / "one.wav")
    driver.open("s", "null")
    assert len(driver.all_of(OutputOpened)) == 2
    driver.say("s", 0, sound(1000, 0))
    driver.wait_until_finished()
    assert (tmp_path / "one.wav").stat().st_size == 44
