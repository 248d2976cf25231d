"""Choice of a device by name or number, and the lead-in by kind of device."""

from __future__ import annotations

import array
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.errors import AudioDeviceError
from voicestream.workers.player import chime
from voicestream.workers.player.sinks import lead_in
from voicestream.workers.player.sinks.choice import Choice, choose
from voicestream.workers.player.sinks.sink import Sink

SPEAKERS = Sink(name="alsa_output.pci-0000.analog-stereo", description="Built-in Audio Analog Stereo")
BUDS = Sink(name="bluez_output.AA_BB.1", description="My Buds", properties={"device.bus": "bluetooth"})
SINKS = [SPEAKERS, BUDS]
DEVICES = ["pulse", "default", "HDA Intel PCH: ALC295 Analog (hw:0,0)"]


@pytest.mark.parametrize(
    ("wanted", "choice"),
    [
        ("my buds", Choice(sink=BUDS)),
        ("BLUEZ", Choice(sink=BUDS)),
        ("analog", Choice(sink=SPEAKERS)),
        ("pulse", Choice(device=0)),
        ("hw:0,0", Choice(device=2)),
        ("2", Choice(sink=BUDS)),
        ("3", Choice(device=0)),
    ],
)
def test_a_device_is_chosen_by_its_name_or_number(wanted: str, choice: Choice) -> None:
    assert choose(wanted, SINKS, DEVICES) == choice


@pytest.mark.parametrize("wanted", ["0", "6", "9" * 5000, "kitchen"])
def test_a_wrong_name_or_number_is_told_with_the_list_and_69(wanted: str) -> None:
    with pytest.raises(AudioDeviceError, match=r"there are: .*2 My Buds \(bluez_output.AA_BB.1\); 3 pulse") as caught:
        choose(wanted, SINKS, DEVICES)
    assert caught.value.exit_code == 69


@given(st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3))
def test_any_name_is_one_of_the_devices_or_an_error(wanted: str, devices: list[str]) -> None:
    try:
        choice = choose(wanted, SINKS, devices)
    except AudioDeviceError:
        return
    assert (choice.sink is None) != (choice.device is None)


@pytest.mark.parametrize(
    ("name", "properties", "kind"),
    [
        ("bt", {"device.bus": "bluetooth", "device.form_factor": "headset"}, "bluetooth"),
        ("bluez_output.AA_BB.1", {}, "bluetooth"),
        ("alsa_output.pci-0000.hdmi-stereo", {"device.bus": "pci", "device.profile.name": "hdmi-stereo"}, "hdmi"),
        ("alsa_output.usb-Hub.analog-stereo", {"device.bus": "usb"}, "usb"),
        ("tv", {"device.bus": "pci", "device.form_factor": "tv"}, "hdmi"),
        ("alsa_output.pci-0000.analog-stereo", {"device.bus": "pci", "device.product.name": "USB HDMI"}, ""),
        ("vs_null", {}, ""),
    ],
)
def test_the_kind_of_a_sink_follows_from_what_the_sound_server_says(
    name: str, properties: dict[str, str], kind: str
) -> None:
    sink = Sink(name=name, description="USB", properties=properties)
    assert lead_in.kind_of(sink, "pulse") == kind
    assert lead_in.seconds_for(sink, "pulse") == lead_in.SECONDS.get(kind, 0.0)


def test_a_sink_that_plays_something_is_awake() -> None:
    assert lead_in.seconds_for(BUDS, "pulse") > 0
    running = Sink(name=BUDS.name, description="", is_running=True, properties=BUDS.properties)
    assert lead_in.seconds_for(running, "pulse") == 0


def test_without_a_sound_server_the_name_of_the_device_tells_its_kind() -> None:
    assert lead_in.kind_of(None, "HDA Intel PCH: HDMI 0 (hw:0,3)") == "hdmi"
    assert lead_in.kind_of(None, "Jo's AirPods") == "bluetooth"
    assert lead_in.kind_of(None, "HDA Intel PCH: ALC295 Analog (hw:0,0)") == ""


def test_the_chime_is_short_and_begins_and_ends_in_silence() -> None:
    samples = array.array("f", chime.samples())
    assert 0.1 < len(samples) / 24_000 < 0.4
    assert samples[0] == samples[-1] == 0
    assert 0.05 < max(samples) <= chime.LEVEL + 1e-6
    assert max(abs(one - other) for one, other in itertools.pairwise(samples)) < 0.05
