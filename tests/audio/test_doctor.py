"""``voicestream doctor`` at a real sound server: devices, the test tone, and a server that hangs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from helpers.process.running import wait_until

if TYPE_CHECKING:
    from helpers.audio.pulse import PulseServer, Recorder
    from helpers.process.running import Voicestream

pytestmark = pytest.mark.audio

TONE_HZ = 440
TONE_SECONDS = 0.6


def sound_of(place: Voicestream, *options: str) -> dict[str, Any]:
    """The findings about sound by check."""
    found = json.loads(place.call("doctor", "--json", *options).stdout)["findings"]
    return {finding["check"]: finding for finding in found if finding["check"] in {"sound", "tone"}}


def test_the_devices_are_named_and_without_the_option_nothing_is_played(place: Voicestream, recorder: Recorder) -> None:
    found = sound_of(place)
    assert found["sound"]["state"] == "ok"
    assert "default device" in found["sound"]["text"]
    assert "tone" not in found
    recorder.wait(0.2)
    assert not np.any(recorder.heard)


def test_the_test_tone_is_heard_and_its_device_named(place: Voicestream, recorder: Recorder) -> None:
    found = sound_of(place, "--tone")
    assert found["tone"]["state"] == "ok"
    wait_until(lambda: np.any(recorder.heard) and not np.any(recorder.heard[-2_400:]), "the tone has ended")
    heard = np.trim_zeros(recorder.heard.astype(float))
    rate = 24_000
    assert len(heard) / rate == pytest.approx(TONE_SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * rate / len(heard) == pytest.approx(TONE_HZ, abs=5)


def test_a_device_that_is_not_there_is_told_with_those_that_are(place: Voicestream) -> None:
    found = sound_of(place, "--tone", "--device", "Nowhere")["sound"]
    assert found["state"] == "problem"
    assert "'Nowhere'" in found["text"]


def test_a_sound_server_that_hangs_is_a_problem_and_the_command_ends(place: Voicestream, pulse: PulseServer) -> None:
    pulse.freeze()
    try:
        found = sound_of(place)["sound"]
    finally:
        pulse.thaw()
    assert found["state"] == "problem"
    assert "within" in found["text"]
