"""The whole program when a player or a sound server is lost in mid-sentence: each sample is heard all the same."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.device_buffer import SERVER_LATE_FRAMES, most_doubled, most_lost
from helpers.audio.heard import Account, as_written, sentences_of
from helpers.audio.pulse import SINK
from helpers.process.running import line, wait_until
from voicestream.workers.player.sound_device import HUNG_SECONDS, LOST_SECONDS

if TYPE_CHECKING:
    from helpers.audio.pulse import PulseServer, Recorder
    from helpers.process.running import Run, Voicestream

pytestmark = pytest.mark.audio

TEXTS = [
    "This is long enough for a player to be lost in its middle.",
    "So is this one, in which the same happens again.",
]

SHORT = ["All is well again."]


def speak(place: Voicestream, texts: list[str]) -> Run:
    """A session with the speakers, all of whose words are there already."""
    run = place.run(output="speakers")
    run.write(b"".join(line(text) for text in texts))
    return run


def assert_heard(place: Voicestream, recorder: Recorder, texts: list[str], *, changes: int) -> None:
    """Every sample once and in order; only where the player changed, a device's buffer may be heard twice."""
    recorder.wait(0.2)
    account = Account(as_written(recorder.heard), np.concatenate(sentences_of(place, texts)))
    # What a device that ran empty throws away is lost: that is the machine's doing, and seen in the log.
    ran_empty = place.log_text("player").count("ran_empty=")
    lost = [b.lost for b in account.breaks if b.lost > most_lost(ran_empty=ran_empty > 0)]
    # With a player goes what a busy sound server has not played yet.
    assert len(lost) <= changes, account.breaks
    assert all(frames <= SERVER_LATE_FRAMES for frames in lost), account.breaks
    doubled = [b.doubled for b in account.breaks if b.doubled]
    assert len(doubled) <= changes + ran_empty, account.breaks
    assert all(d <= most_doubled(ran_empty=ran_empty > 0) for d in doubled), account.breaks


def test_a_player_that_is_killed_again_and_again_loses_nothing_and_repeats_one_buffer_at_most(
    place: Voicestream, recorder: Recorder
) -> None:
    run = speak(place, TEXTS)
    for sentence in range(2):
        run.wait_for("playback_started", sentence + 1)
        recorder.wait(0.5)
        os.kill(place.pid_of("player"), signal.SIGKILL)
    assert run.finish() == 0, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(len(TEXTS)))
    assert_heard(place, recorder, TEXTS, changes=2)


def test_a_player_whose_sound_server_hangs_in_mid_sentence_is_replaced_and_the_sentence_goes_on(
    place: Voicestream, pulse: PulseServer, recorder: Recorder
) -> None:
    run = speak(place, TEXTS)
    run.wait_for("playback_started")
    recorder.wait(0.5)
    first = place.pid_of("player")
    pulse.freeze()
    frozen_at = time.monotonic()
    try:
        # The old player notices by itself; the next one is there while the server still hangs.
        wait_until(
            lambda: any((e["role"], e["state"], e["incarnation"]) == ("player", "ready", 2) for e in run.of("worker")),
            "the next player is ready",
            seen=lambda: f"events: {run.events[-5:]}, {place.log_text('player')}",
        )
    finally:
        pulse.thaw()
    assert time.monotonic() - frozen_at >= HUNG_SECONDS - 0.1
    assert run.finish() == 0, run.stderr
    assert place.pid_of("player") != first
    assert "has taken nothing for" in place.log_text("player")
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(len(TEXTS)))
    assert_heard(place, recorder, TEXTS, changes=1)


def test_a_sound_server_that_hangs_for_good_ends_the_session_with_69_and_not_the_ones_after_it(
    place: Voicestream, pulse: PulseServer, recorder: Recorder
) -> None:
    pulse.freeze()
    try:
        run = speak(place, TEXTS)
        assert run.finish() == 69, run.stderr
    finally:
        pulse.thaw()
    assert "did not" in run.stderr
    assert "within 5 s" in run.stderr
    assert "voicestream run --output FILE.wav" in run.stderr
    again = speak(place, SHORT)
    assert again.finish() == 0, again.stderr
    assert_heard(place, recorder, SHORT, changes=0)


def test_a_device_that_stays_away_ends_the_session_with_69_only_after_a_while(
    place: Voicestream, pulse: PulseServer, recorder: Recorder
) -> None:
    run = speak(place, TEXTS)
    run.wait_for("playback_started")
    recorder.wait(0.3)
    pulse.remove_sink(SINK)
    gone_at = time.monotonic()
    run.end_input()
    (closed,) = run.wait_for("session_closed")
    assert closed["time"] - gone_at >= LOST_SECONDS - 0.5
    assert run.wait() == 69, run.stderr
    assert "the sound device cannot be opened" in run.stderr
    assert "connect a device" in run.stderr
    pulse.add_sink(SINK)
    again = speak(place, SHORT)
    assert again.finish() == 0, again.stderr
