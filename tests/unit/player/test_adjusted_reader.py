"""Speed, volume and mute of the loudspeakers, on what the device gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import SAMPLE_RATE, AudioPool
from voicestream.protocol.messages import PlaybackSettings
from voicestream.workers.player.adjusted_reader import AdjustedReader
from voicestream.workers.player.playback_queue import PlaybackQueue, QueuedSegment, Track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BLOCK = 120
PITCH = 130
"""Hertz of the voice; all of its harmonics are in the samples."""

SECONDS = 2
DEVICE_FRAMES = 360


class Player:
    """A reader of a sentence of two seconds, and a device that asks for blocks."""

    def __init__(self, pool: AudioPool) -> None:
        self.now = 100.0
        self.queue = PlaybackQueue(pool, lambda: self.now)
        self.queue.delay_frames = DEVICE_FRAMES
        self.reader = AdjustedReader(self.queue)
        time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
        voice = sum(np.sin(2 * np.pi * PITCH * k * time) / k for k in range(1, 12))
        self.samples: NDArray[np.float32] = (voice * 0.2 * (0.6 + 0.4 * np.sin(6 * np.pi * time))).astype(np.float32)
        self.track = Track(session="s", sentence=0, serial=1, played=0)
        for slot, part in enumerate(np.split(self.samples, SECONDS * 2)):
            view = pool.frames(slot, 0, len(part))
            view[:] = part.tobytes()
            is_last = slot == SECONDS * 2 - 1
            segment = QueuedSegment(self.track, slot * len(part), len(part), view, last=is_last)
            self.track.segments.append(segment)
            self.queue.add(segment)

    def read(self, seconds: float) -> NDArray[np.float32]:
        blocks: list[NDArray[np.float32]] = []
        for _ in range(round(seconds * SAMPLE_RATE / BLOCK)):
            self.now += BLOCK / SAMPLE_RATE
            out = bytearray(BLOCK * 4)
            self.reader.read(memoryview(out))
            blocks.append(np.frombuffer(out, np.float32))
        return np.concatenate(blocks)


@pytest.fixture
def player() -> Iterator[Player]:
    descriptor = audio_pool.create(SECONDS * 2)
    yield Player(AudioPool(descriptor))
    os.close(descriptor)


def pitch_of(samples: NDArray[np.float32]) -> float:
    """The frequency of the strongest partial, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 17))
    return float(np.argmax(spectrum[: (400 << 17) // SAMPLE_RATE])) * SAMPLE_RATE / (1 << 17)


@pytest.mark.parametrize("speed", [0.5, 0.75, 1.25, 2.0, 3.0])
def test_speech_is_shorter_by_the_speed_and_has_the_pitch_and_loudness_of_the_voice(
    player: Player, speed: float
) -> None:
    player.reader.adjust(PlaybackSettings(speed=speed))
    heard = player.read(SECONDS / speed + 0.2)
    loud = np.flatnonzero(np.abs(heard) > 0.01)
    assert (loud[-1] - loud[0]) / SAMPLE_RATE == pytest.approx(SECONDS / speed, abs=0.02)
    middle = heard[loud[0] : loud[-1]]
    assert pitch_of(middle) == pytest.approx(PITCH, rel=0.01)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt(np.mean(player.samples**2)), rel=0.05)
    # It is played when it has left the device, not when it was read.
    assert player.track.end == len(player.samples)
    assert player.track.played == player.track.end
    assert player.track.underrun_frames == 0


def test_what_was_read_ahead_does_not_count_as_played(player: Player) -> None:
    player.reader.adjust(PlaybackSettings(speed=2.0))
    player.read(0.5)
    behind = 0.5 * 2 * SAMPLE_RATE - player.track.played
    assert 2 * DEVICE_FRAMES <= behind < 2 * DEVICE_FRAMES + 3_000


def test_back_at_the_natural_speed_every_sample_is_as_it_was(player: Player) -> None:
    player.reader.adjust(PlaybackSettings(speed=1.5))
    player.read(0.3)
    player.reader.adjust(PlaybackSettings())
    heard = player.read(0.4)[BLOCK * 8 :]
    places = np.flatnonzero(player.samples == heard[0])
    assert any(np.array_equal(heard, player.samples[place : place + len(heard)]) for place in places)


def test_a_pause_keeps_what_was_read_ahead(player: Player) -> None:
    player.reader.adjust(PlaybackSettings(speed=0.5))
    before = player.read(0.3)
    player.queue.pause()
    assert not np.any(player.read(0.2))
    player.queue.is_paused = False
    after = player.read(0.3)
    assert np.abs(np.diff(np.concatenate((before, after)))).max() < 2 * np.abs(np.diff(player.samples)).max()
    assert player.track.underrun_frames == 0


def test_volume_and_mute_act_on_the_next_block_without_a_step(player: Player) -> None:
    as_written = player.samples
    assert np.array_equal(player.read(0.1), as_written[:2_400])
    player.reader.adjust(PlaybackSettings(volume=0.25))
    heard = player.read(0.1)
    assert np.allclose(heard[BLOCK:], as_written[2_400 + BLOCK : 4_800] * 0.25)
    assert np.abs(np.diff(heard)).max() <= np.abs(np.diff(as_written)).max()
    player.reader.adjust(PlaybackSettings(volume=0.25, muted=True))
    assert not np.any(player.read(0.1)[BLOCK:])
    player.reader.adjust(PlaybackSettings())
    # Time went on meanwhile, and the samples are exact again.
    assert np.array_equal(player.read(0.1)[BLOCK:], as_written[7_200 + BLOCK : 9_600])


def test_a_device_that_is_opened_again_begins_with_an_empty_reader(player: Player) -> None:
    player.reader.adjust(PlaybackSettings(speed=2.0))
    player.read(0.2)
    player.reader.reset()
    assert player.queue.held_frames == 0
    assert not np.any(player.read(0.1))
