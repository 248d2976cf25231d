"""Probe of the sound devices: lists them and plays a test tone, in a process of its own because PortAudio can hang.

    python -P -m voicestream.workers.player.device_probe [--tone] [--device NAME]

Prints one JSON object, a ``Probe``.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.player.portaudio import SERVER_DEVICE, Device, PortAudio, RateRejectedError
from voicestream.workers.player.sinks import lead_in
from voicestream.workers.player.sinks.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Callable

TONE_HZ: Final = 440.0
TONE_SECONDS: Final = 0.6
FADE_SECONDS: Final = 0.02
LEVEL: Final = 0.2
"""Amplitude of the tone, where 1 is full scale: -14 dBFS."""

MARGIN_SECONDS: Final = 5.0
"""Time limit for the tone beyond its length."""

EXIT_HUNG: Final = 70


class Probe(msgspec.Struct, frozen=True):
    """Result of the probe."""

    sinks: list[Sink] = []
    """Sinks of the sound server that can be chosen; empty without a server."""
    devices: list[Device] = []
    """Output devices of PortAudio."""
    default: str = ""
    """Name of the default output device; empty if there is none."""
    opened: str = ""
    """Device on which the tone was played; empty without a tone."""
    error: str = ""
    hint: str = ""


def main(arguments: list[str]) -> None:
    """Probe the devices and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tone", action="store_true")
    parser.add_argument("--device", default="")
    chosen = parser.parse_args(arguments)
    _print(probe(PortAudio(_give_up), chosen.device, plays_tone=chosen.tone))


def probe(audio: PortAudio, device: str, *, plays_tone: bool) -> Probe:
    """List the output devices, and play a tone on one.

    Args:
        audio: PortAudio.
        device: number, or name or a part of it; empty: the default device.
        plays_tone: whether to play.
    """
    found: list[Device] = []
    sinks: list[Sink] = []
    default = opened = ""
    try:
        found, default = audio.devices()
        if any(one.name == SERVER_DEVICE for one in found):
            sinks = audio.sinks()
        if plays_tone:
            opened = _play(audio, device)
    except AudioDeviceError as error:
        return Probe(sinks=sinks, devices=found, default=default, error=str(error), hint=error.hint)
    return Probe(sinks=sinks, devices=found, default=default, opened=opened)


def tone(rate: int, is_awake: Callable[[], bool], ended: Callable[[], None]) -> Callable[[memoryview], None]:
    """Return a reader of a sine tone with short fades between silence.

    Args:
        rate: Hz.
        is_awake: returns whether the tone may begin.
        ended: called for every block behind the tone.
    """
    position, frames, fade = 0, round(TONE_SECONDS * rate), round(FADE_SECONDS * rate)

    def read(out: memoryview) -> None:
        nonlocal position
        if not is_awake():
            out[:] = bytes(len(out))
            return
        samples = out.cast("B").cast("f")
        for index in range(len(samples)):
            at = position + index
            gain = min(1.0, at / fade, (frames - at) / fade) if at < frames else 0.0
            samples[index] = LEVEL * gain * math.sin(2 * math.pi * TONE_HZ * at / rate)
        position += len(samples)
        if position - len(samples) >= frames:
            ended()

    return read


def _play(audio: PortAudio, device: str) -> str:
    awake, done = threading.Event(), threading.Event()
    try:
        stream = audio.open(device, SAMPLE_RATE, 0.1, tone(SAMPLE_RATE, awake.is_set, done.set))
    except RateRejectedError as rejected:
        stream = audio.open(device, rejected.rate, 0.1, tone(rejected.rate, awake.is_set, done.set))
    awake.wait(lead_in.seconds_for(stream.sink, stream.device))
    awake.set()
    if not done.wait(TONE_SECONDS + MARGIN_SECONDS):
        raise AudioDeviceError(
            f"the sound device {stream.device} accepts no sound",
            hint="Try: voicestream doctor --tone --device NAME with another device",
        )
    threading.Event().wait(stream.latency_seconds)
    audio.close(stream)
    return stream.device


def _give_up(reason: str) -> None:
    _print(Probe(error=reason, hint="Restart the sound server (PulseAudio or PipeWire)."))
    os._exit(EXIT_HUNG)


def _print(result: Probe) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
