"""Findings about PortAudio, sound devices and the test tone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.doctor.finding import Finding
from voicestream.workers.player import device_probe
from voicestream.workers.player.device_probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE_SECONDS: Final = 30.0
"""Time limit of the probe, whose own limits end it earlier."""


def sound(device: str, *, plays_tone: bool) -> Iterator[Finding]:
    """Report the output devices, and play a test tone.

    Args:
        device: part of the name of the device of the tone; empty: the default device.
        plays_tone: whether to play.
    """
    found = _probe(device, plays_tone=plays_tone)
    names = ", ".join(each.name for each in found.devices)
    if found.error:
        text = f"{found.error}; devices: {names}" if names else found.error
        yield Finding("sound", "problem", text, found.hint)
    elif not found.devices:
        text = "there is no sound device: voicestream can write sound to files only"
        hint = "Start a sound server (PulseAudio or PipeWire), or connect a device."
        yield Finding("sound", "problem", text, hint)
    else:
        yield Finding("sound", "ok", f"default device: {found.default}; all: {names}")
    if found.opened:
        yield Finding("tone", "ok", f"a test tone was played on {found.opened}")


def _probe(device: str, *, plays_tone: bool) -> Probe:
    command = [sys.executable, "-P", "-m", device_probe.__name__, f"--device={device}"]
    try:
        done = subprocess.run(
            [*command, *(["--tone"] if plays_tone else [])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(error=f"the sound system did not answer within {PROBE_SECONDS:.0f} s")
    try:
        # ALSA and others may print to stdout before the last line.
        return msgspec.json.decode(done.stdout.splitlines()[-1] if done.stdout else b"", type=Probe)
    except msgspec.DecodeError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Probe(error=f"the probe of sound devices ended with exit code {done.returncode}: {' '.join(last)}")
