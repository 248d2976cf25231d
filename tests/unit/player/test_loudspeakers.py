"""The speakers with a device that comes and goes; the clock and the sound system are the test's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from voicestream.errors import AudioDeviceError
from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import SLOT_FRAMES, AudioPool
from voicestream.protocol.messages import (
    AudioPlayed,
    OutputFailed,
    Play,
    PlaybackFinished,
    PlaybackSettings,
    PlaybackStarted,
)
from voicestream.workers.player import sound_device
from voicestream.workers.player.loudspeakers import LoudspeakerOutput
from voicestream.workers.player.portaudio import Latency, PortAudioStream, RateRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicestream.protocol.messages import FromWorker

BLOCK = 120


class FakeInner:
    active = True


class FakeAudio:
    """PortAudio whose device a test takes away and gives back."""

    def __init__(self) -> None:
        self.is_there = True
        self.refuses_our_rate = False
        self.ends_at_once = False
        self.latency_seconds = 0.010
        self.stream: PortAudioStream | None = None
        self.read: Callable[[memoryview], None] | None = None
        self.asked: list[tuple[int, Latency]] = []
        self.plays_out: list[bool] = []
        """For each stream that was closed, whether its buffer was to be played."""

    def open(self, _name: str, rate: int, latency: Latency, read: Callable[[memoryview], None]) -> PortAudioStream:
        if not self.is_there:
            raise AudioDeviceError("no device", hint="Try: something")
        if self.refuses_our_rate and rate == 24_000:
            raise RateRejectedError(48_000)
        self.asked.append((rate, latency))
        self.stream = PortAudioStream(
            rate=rate, latency_seconds=self.latency_seconds, device="fake", _inner=FakeInner()
        )
        self.read = read
        self.stream.has_ended = self.ends_at_once
        return self.stream

    def close(self, stream: PortAudioStream, *, plays_out: bool = False) -> None:
        self.plays_out.append(plays_out)
        if stream is self.stream:
            self.stream = self.read = None


class Room:
    """LoudspeakerOutput, and somebody who lets time pass."""

    def __init__(self, pool: AudioPool) -> None:
        self.pool = pool
        self.now = 1000.0
        self.audio = FakeAudio()
        self.hung: list[str] = []
        self.sleeps_per_block = 1
        """Sleeps of the main thread for each block that the device requests meanwhile."""
        self.sleeps = 0
        self.speakers = LoudspeakerOutput(
            pool, cast("Any", self.audio), "", self.hung.append, clock=lambda: self.now, sleep=self.sleep
        )
        self.news: list[FromWorker] = []

    def say(self, sentence: int, slot: int, frames: int = SLOT_FRAMES, frame: int = 0, *, last: bool = True) -> None:
        self.speakers.play(
            Play(
                session="s",
                sentence=sentence,
                serial=sentence + 1,
                position=0,
                frame=frame,
                slot=slot,
                start=0,
                frames=frames,
                last=last,
            )
        )

    def sleep(self, _seconds: float) -> None:
        """The device goes on while the main thread waits."""
        self.now += BLOCK / 24_000
        self.sleeps += 1
        if self.audio.read is not None and self.sleeps % self.sleeps_per_block == 0:
            self.audio.read(memoryview(bytearray(BLOCK * 4)))

    def pass_time(self, seconds: float, *, calls_back: bool = True) -> None:
        """Block by block."""
        for _ in range(round(seconds * 24_000 / BLOCK)):
            self.now += BLOCK / 24_000
            if self.audio.read is not None and calls_back:
                self.audio.read(memoryview(bytearray(BLOCK * 4)))
            self.news += self.speakers.poll()

    def unplug(self) -> None:
        self.audio.is_there = False
        assert self.audio.stream is not None
        self.audio.stream.has_ended = True
        self.audio.read = None


@pytest.fixture
def room() -> Iterator[Room]:
    descriptor = audio_pool.create(8)
    room = Room(AudioPool(descriptor))
    room.speakers.add_session("s")
    yield room
    os.close(descriptor)


def test_a_sentence_is_started_played_and_finished(room: Room) -> None:
    room.say(0, 0, last=False)
    room.say(0, 1, 100, SLOT_FRAMES)
    room.pass_time(1.0)
    assert room.news == [
        PlaybackStarted(session="s", sentence=0),
        AudioPlayed(session="s", sentence=0, frame=SLOT_FRAMES),
        PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES + 100),
    ]


def test_a_device_that_comes_back_is_played_to_from_the_frame_that_was_heard(room: Room) -> None:
    room.say(0, 0)
    room.say(1, 1)
    room.pass_time(0.2)
    heard = room.pool.cursor.frame
    room.unplug()
    room.pass_time(2.0)
    assert room.audio.stream is None
    assert room.pool.cursor.frame == heard
    room.audio.is_there = True
    room.pass_time(2.0)
    assert [m for m in room.news if isinstance(m, PlaybackFinished | PlaybackStarted)] == [
        PlaybackStarted(session="s", sentence=0),
        PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES),
        PlaybackStarted(session="s", sentence=1),
        PlaybackFinished(session="s", sentence=1, frames=SLOT_FRAMES),
    ]


def test_a_device_that_stays_away_fails_its_sessions(room: Room) -> None:
    room.say(0, 0)
    room.pass_time(0.2)
    room.unplug()
    room.pass_time(sound_device.LOST_SECONDS - 0.5)
    assert not [m for m in room.news if isinstance(m, OutputFailed)]
    room.pass_time(2.0)
    (failed,) = [m for m in room.news if isinstance(m, OutputFailed)]
    assert (failed.session, failed.exit_code, failed.reason) == ("s", 69, "no device\nTry: something")
    assert room.speakers.wait_seconds() is None
    room.audio.is_there = True
    room.speakers.add_session("t")
    assert room.speakers.wait_seconds() is not None


def test_a_device_that_comes_and_goes_fails_as_well(room: Room) -> None:
    room.say(0, 0)
    room.audio.ends_at_once = True
    assert room.audio.stream is not None
    room.audio.stream.has_ended = True
    room.pass_time(sound_device.LOST_SECONDS + 2)
    assert [m.exit_code for m in room.news if isinstance(m, OutputFailed)] == [69]


def test_a_device_that_goes_while_nothing_is_played_is_not_looked_for(room: Room) -> None:
    room.unplug()
    room.pass_time(20.0)
    assert room.news == []
    assert room.speakers.wait_seconds() is None
    room.audio.is_there = True
    room.say(0, 0)
    room.pass_time(1.0)
    assert room.news[-1] == PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES)


def test_a_device_that_takes_nothing_any_more_is_reported_as_hung(room: Room) -> None:
    room.say(0, 0)
    room.pass_time(0.1)
    room.pass_time(sound_device.HUNG_SECONDS - 0.2, calls_back=False)
    assert not room.hung
    room.pass_time(0.3, calls_back=False)
    assert "taken nothing for 3 s" in room.hung[0]


def test_a_player_that_was_suspended_does_not_blame_the_device(room: Room) -> None:
    room.say(0, 0)
    room.pass_time(0.1)
    room.now += 3600
    room.news += room.speakers.poll()  # the main thread may be awake before the device's
    room.pass_time(0.5)
    assert not room.hung
    assert room.news[-1] == PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES)


def test_the_device_is_released_after_a_while_also_in_a_pause(room: Room) -> None:
    room.pass_time(sound_device.RELEASE_SECONDS + 0.1)
    assert room.audio.stream is None
    room.say(0, 0)
    assert room.audio.stream is not None
    room.pass_time(0.1)
    room.speakers.pause()
    room.pass_time(sound_device.RELEASE_SECONDS + 0.1)
    assert room.audio.stream is None
    room.speakers.resume()
    room.pass_time(1.0)
    assert room.news[-1] == PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES)


def test_a_device_that_ran_empty_gets_a_longer_buffer_step_by_step(room: Room) -> None:
    for sentence in range(4):
        room.say(sentence, sentence)
        room.pass_time(0.2)
        assert room.audio.stream is not None
        room.audio.stream.underflows += 1
        room.pass_time(0.6)
    assert [latency for _, latency in room.audio.asked] == list(sound_device.LATENCIES)


def test_a_device_with_a_long_buffer_is_emptied_when_it_is_to_be_silent(room: Room) -> None:
    room.audio.latency_seconds = 0.2
    room.speakers._device.flush()
    first = room.audio.stream
    room.say(0, 0)
    room.say(1, 1)
    room.pass_time(0.1)
    room.speakers.drop("s", 1)  # nothing of it was handed over
    assert room.audio.stream is first
    room.speakers.drop("s", None)
    assert room.audio.stream is not first
    room.pass_time(1.0)
    assert not [m for m in room.news if isinstance(m, PlaybackFinished)]


@pytest.mark.parametrize(
    ("buffer_seconds", "repeated_seconds"),
    [
        pytest.param(0.010, 0, id="short: what is in it is still heard"),
        pytest.param(0.040, 0, id="after an under-run: the same"),
        # Its buffer, a block, and how late the device and the server may be.
        pytest.param(0.100, 0.100 + 0.005 + 0.0025 + 0.020, id="long: flushed"),
    ],
)
def test_a_sentence_that_is_taken_back_in_its_middle_tells_the_frame_at_which_another_may_go_on(
    room: Room, buffer_seconds: float, repeated_seconds: float
) -> None:
    room.audio.latency_seconds = buffer_seconds
    room.speakers._device.flush()
    room.speakers.add_session("s")
    room.say(0, slot=0)
    room.say(1, slot=1)
    room.pass_time(0.2)
    room.speakers.drop("s", None)
    news = room.news + room.speakers.poll()
    played = [one for one in news if isinstance(one, AudioPlayed)]
    assert [one.sentence for one in played] == [0]
    assert played[0].frame == pytest.approx((0.2 - repeated_seconds) * 24_000, abs=BLOCK)
    assert len([one for one in news if isinstance(one, PlaybackStarted)]) == 1


def test_a_device_that_refuses_24_khz_gets_its_own_rate(room: Room) -> None:
    room.audio.refuses_our_rate = True
    room.speakers._device.flush()
    assert room.audio.asked[-1][0] == 48_000
    room.say(0, 0)
    room.pass_time(1.2)
    assert room.news[-1] == PlaybackFinished(session="s", sentence=0, frames=SLOT_FRAMES)


def test_sessions_hear_of_a_missing_device_when_they_open_it(room: Room) -> None:
    room.unplug()
    room.pass_time(0.1)
    with pytest.raises(AudioDeviceError):
        room.speakers.add_session("t")


@pytest.mark.parametrize("sleeps_per_block", [1, sound_device.STALLED_POLLS], ids=["idle", "busy"])
def test_a_drained_player_reports_the_last_delivered_frame_however_late_the_device_is(
    room: Room, sleeps_per_block: int
) -> None:
    room.say(0, 0)
    room.pass_time(0.2)
    room.sleeps_per_block = sleeps_per_block
    room.speakers.drain()
    positions = [message.frame for message in room.speakers.poll() if isinstance(message, AudioPlayed)]
    assert positions == [round(0.2 * 24_000)]
    assert room.audio.plays_out == [True]


@pytest.mark.parametrize("is_paused", [False, True], ids=["stalled", "paused at another speed"])
def test_draining_ends_when_nothing_is_played(room: Room, *, is_paused: bool) -> None:
    room.speakers.adjust(PlaybackSettings(speed=1.5))
    room.say(0, 0)
    room.pass_time(0.2)
    if is_paused:
        room.speakers.pause()
    else:
        room.sleeps_per_block = 1_000_000
    room.speakers.drain()
    assert room.sleeps == sound_device.STALLED_POLLS
    (position,) = room.speakers.poll()
    assert isinstance(position, AudioPlayed)
    assert position.frame == room.pool.cursor.frame
