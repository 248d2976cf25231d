"""Sinks chosen by name or number at a real sound server, the lead-in of one that sleeps, and the chime of a turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.pulse import SINK, Reading, Recorder, ramp
from helpers.process.running import line, wait_until
from voicestream.protocol.messages import OutputFailed, PlaybackFinished
from voicestream.workers.player import chime
from voicestream.workers.player.sinks import lead_in

if TYPE_CHECKING:
    from helpers.audio.player_driver import PlayerDriver
    from helpers.audio.pulse import PulseServer
    from helpers.process.running import Voicestream

pytestmark = pytest.mark.audio

BUDS = "device.bus=bluetooth device.form_factor=headset device.description='My Buds'"


def test_a_sink_that_sleeps_is_chosen_by_its_name_and_wakes_up_before_the_first_sample(
    driver: PlayerDriver, pulse: PulseServer, recorder: Recorder
) -> None:
    pulse.add_sink("bt_sink", BUDS)
    pulse.set_default(SINK)
    driver.start()
    driver.ask_to_open("lost", device="kitchen")
    failed = driver.wait_for(OutputFailed)
    assert failed.exit_code == 69
    assert f"1 Null Output ({SINK}); 2 My Buds (bt_sink); 3 pulse" in failed.reason
    with Recorder(pulse, "bt_sink") as buds:
        assert driver.open("s", device="my buds").description == "My Buds"
        assert 'application.name = "voicestream"' in pulse.ask("list", "sink-inputs")
        before = len(buds.heard)
        driver.say("s", 0, ramp(0, 2_400))
        driver.say("s", 1, ramp(2_400, 2_400))
        driver.wait_until_finished()
        buds.wait(0.1)
        heard = Reading(buds.heard)
    assert driver.pieces(heard) == [(0, 4_800)]
    # What was asked for after the sentence was sent, and what the server had in its buffer.
    wanted = lead_in.SECONDS["bluetooth"] * 24_000
    assert heard.at[0] - before >= wanted - 600
    assert max(heard.gaps, default=0) < wanted / 2, "it is awake for the second sentence"
    assert [finished.frames for finished in driver.all_of(PlaybackFinished)] == [2_400, 2_400]
    assert not np.any(recorder.heard), "nothing is heard at the other sink"


def test_sessions_take_turns_with_a_chime_at_a_sink_that_is_chosen_by_number(
    place: Voicestream, pulse: PulseServer
) -> None:
    pulse.add_sink("vs_usb", "device.bus=usb")
    pulse.set_default(SINK)
    listed = json.loads(place.call("devices", "--json").stdout)["devices"]
    (row,) = [one for one in listed if one["name"] == "vs_usb"]
    assert (row["kind"], row["default"], row["lead_in_ms"]) == ("sink", False, 400)
    options = ("--device", str(row["number"]), "--lead-in", "0")
    with Recorder(pulse, "vs_usb") as recorder:
        first = place.run(*options, output="speakers")
        first.write(line("One."))
        first.wait_for("playback_started")
        second = place.run(*options, output="speakers")
        second.write(line("Two."))
        second.wait_for("playback_finished")
        wait_until(lambda: not np.any(recorder.heard[-2_400:]), "it is quiet again")
        heard = recorder.heard
        assert (first.finish(), second.finish()) == (0, 0)
    # Without zeros: the sound server inserts some when the machine is busy.
    sound, wanted = (each[each != 0] for each in (heard, np.frombuffer(chime.samples(), np.float32)))
    windows = np.lib.stride_tricks.sliding_window_view(sound, 50)
    (at,) = np.flatnonzero(np.all(windows == wanted[:50], axis=1))
    assert np.array_equal(sound[at : at + len(wanted)], wanted)
    assert at > 0, "the first session begins without a chime"
    assert len(sound) > at + len(wanted)
    (closed,) = second.of("session_closed")
    assert (closed["counts"]["found"], closed["counts"]["played"]) == (1, 1)
