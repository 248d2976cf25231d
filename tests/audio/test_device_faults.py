"""Devices that come, go and change while a sentence is heard: it goes on at the right frame, on the right device."""

from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from helpers.audio.device_buffer import most_doubled
from helpers.audio.pulse import SINK, Reading, Recorder, ramp
from voicestream.protocol.messages import PlaybackFinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.audio.player_driver import PlayerDriver
    from helpers.audio.pulse import PulseServer

pytestmark = pytest.mark.audio

OTHER = "vs_other"

TAIL_SECONDS = 0.1
"""What is still heard after the player said that it was."""

SOON_SECONDS = 2.0
"""It takes some 10 ms; the machine may be busy."""

FRAMES = 72_000


@pytest.fixture
def pulse(pulse: PulseServer) -> PulseServer:
    """A server whose devices may come and go while it is listened to."""
    pulse.keep_recorders()
    return pulse


@pytest.fixture
def other(pulse: PulseServer) -> Iterator[Recorder]:
    """What is heard from a second device, which is not the default one."""
    pulse.add_sink(OTHER)
    with Recorder(pulse, OTHER) as recorder:
        yield recorder


@pytest.fixture
def listening() -> Iterator[ExitStack]:
    """For listeners that come in the midst of a test."""
    with ExitStack() as stack:
        yield stack


@contextmanager
def suspended(driver: PlayerDriver) -> Iterator[None]:
    """The player stands still."""
    assert driver.process is not None
    os.kill(driver.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(driver.process.pid, signal.SIGCONT)


def assert_goes_on(driver: PlayerDriver, *listeners: Recorder) -> None:
    """All of it was heard, here or there; what a change lost or repeated is less than a device's buffer."""
    pieces = sorted(piece for listener in listeners for piece in Reading(listener.heard).pieces)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == FRAMES
    steps = [after[0] - before[1] for before, after in itertools.pairwise(pieces)]
    most = most_doubled(ran_empty=driver.ran_empty)
    assert all(abs(step) <= most for step in steps), pieces
    assert [m.frames for m in driver.all_of(PlaybackFinished)] == [FRAMES]


def test_the_sound_follows_the_default_device_in_mid_sentence(
    driver: PlayerDriver, pulse: PulseServer, recorder: Recorder, other: Recorder
) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, FRAMES))
    recorder.wait_for_sound()
    recorder.wait(0.4)
    changed = time.monotonic()
    pulse.set_default(OTHER)
    other.wait_for_sound()
    other.wait(0.4)
    pulse.set_default(SINK)
    driver.wait_until_finished()
    recorder.wait(TAIL_SECONDS)
    first, last = Reading(recorder.heard), Reading(other.heard)
    assert other.when(int(last.at[0])) - changed < SOON_SECONDS
    # There, and back again.
    assert len(first.pieces) >= 2
    assert first.numbers[0] < last.numbers[0] < last.numbers[-1] < first.numbers[-1]
    assert_goes_on(driver, recorder, other)


def test_a_device_that_is_pulled_out_leaves_the_sentence_to_the_one_that_remains(
    driver: PlayerDriver, pulse: PulseServer, recorder: Recorder, other: Recorder
) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, FRAMES))
    recorder.wait_for_sound()
    recorder.wait(0.5)
    pulled = time.monotonic()
    pulse.remove_sink(SINK)
    other.wait_for_sound()
    driver.wait_until_finished()
    other.wait(TAIL_SECONDS)
    assert other.when(int(Reading(other.heard).at[0])) - pulled < SOON_SECONDS
    assert_goes_on(driver, recorder, other)


def test_the_only_device_is_pulled_out_and_put_back_and_the_sentence_goes_on_where_it_was(
    driver: PlayerDriver, pulse: PulseServer, recorder: Recorder, listening: ExitStack
) -> None:
    driver.start()
    driver.open("s")
    driver.say("s", 0, ramp(0, FRAMES))
    recorder.wait_for_sound()
    recorder.wait(0.5)
    pulse.remove_sink(SINK)
    driver.wait_until(lambda: b"cannot be opened, retrying" in driver.output, "it looks for the device")
    # So that the listener is there before the sound is.
    with suspended(driver):
        pulse.add_sink(SINK)
        again = listening.enter_context(Recorder(pulse))
    driver.wait_until_finished()
    again.wait(TAIL_SECONDS)
    assert driver.incarnation == 1
    assert len(driver.pieces(Reading(again.heard))) == 1
    assert_goes_on(driver, recorder, again)
