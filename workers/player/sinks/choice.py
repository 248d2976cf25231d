"""Choice of a sound device by number or name. Pure.

Sinks of the sound server and devices of PortAudio are one list, numbered from 1 as ``voicestream devices`` shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.errors import AudioDeviceError
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.player.sinks.sink import Sink


class Choice(FrozenRecord, frozen=True):
    """The chosen device: one of its fields is set."""

    sink: Sink | None = None
    device: int | None = None
    """Place in the list of PortAudio's devices."""


def choose(wanted: str, sinks: Sequence[Sink], devices: Sequence[str]) -> Choice:
    """Return the device that ``--device`` names.

    The order is: the whole name of a sink or a device, a number, a part of the name of a sink or a device. Case does
    not matter.

    Args:
        wanted: number, or name or a part of it.
        sinks: sinks of the sound server.
        devices: names of PortAudio's output devices.

    Raises:
        AudioDeviceError: there is none; the message has the list.
    """
    typed = wanted.strip().casefold()
    choices = [Choice(sink=sink) for sink in sinks] + [Choice(device=place) for place in range(len(devices))]
    names: list[tuple[str, ...]] = [(sink.name.casefold(), sink.description.casefold()) for sink in sinks]
    names += [(name.casefold(),) for name in devices]
    for choice, known in zip(choices, names, strict=True):
        if typed in known:
            return choice
    if typed.isdecimal() and 0 < int(typed[:9]) <= len(choices):
        return choices[int(typed[:9]) - 1]
    for choice, known in zip(choices, names, strict=True):
        if not typed.isdecimal() and any(typed in name for name in known):
            return choice
    problem = f"number {wanted}" if typed.isdecimal() else f"with {wanted!r} in its name"
    raise AudioDeviceError(
        f"there is no sound device {problem}; there are: {'; '.join(numbered(sinks, devices)) or 'none'}",
        hint="Try: --device with a number or a name of these, or without --device for the default",
    )


def numbered(sinks: Sequence[Sink], devices: Sequence[str]) -> list[str]:
    """Return the list of devices for people."""
    names = [f"{sink.description} ({sink.name})" for sink in sinks] + list(devices)
    return [f"{number} {name}" for number, name in enumerate(names, 1)]
