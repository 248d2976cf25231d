"""Findings about PortAudio, sound devices, sinks and the test tone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.doctor.finding import Finding
from voicestream.workers.player import device_probe
from voicestream.workers.player.device_probe import Probe
from voicestream.workers.player.portaudio import SERVER_DEVICES
from voicestream.workers.player.sinks import lead_in

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE_SECONDS: Final = 30.0
"""Time limit of the probe, whose own limits end it earlier."""


def sound(device: str, *, plays_tone: bool) -> Iterator[Finding]:
    """Report the output devices, and play a test tone.

    Args:
        device: number, or name or a part of it, of the device of the tone; empty: the default device.
        plays_tone: whether to play.
    """
    found = probe(device, plays_tone=plays_tone)
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
        yield from _of_sinks(found)
    if found.opened:
        yield Finding("tone", "ok", f"a test tone was played on {found.opened}")


def _of_sinks(found: Probe) -> Iterator[Finding]:
    for sink in found.sinks:
        kind = lead_in.kind_of(sink, "")
        wakes = f"; lead-in {lead_in.milliseconds(sink, '')} ms ({kind})" if kind else ""
        default = ", default" if sink.is_default else ""
        yield Finding("sink", "ok", f"{sink.description} ({sink.name}{default}){wakes}")
    if not found.sinks and found.default in SERVER_DEVICES:
        text = "no sink of a sound server can be chosen by name; --device takes the devices above"
        yield Finding("sink", "note", text, "voicestream devices")


def probe(device: str = "", *, plays_tone: bool = False) -> Probe:
    """Return what a process of its own finds out about the sound devices.

    Args:
        device: number, or name or a part of it, of the device of the tone; empty: the default device.
        plays_tone: whether to play a test tone.
    """
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
