"""Lead-in: quiet before the first sound at a device that sleeps while it is idle, by kind of device. Pure.

Such a device loses the beginning of what is played: an HDMI receiver mutes until it knows the format, Bluetooth
headphones and USB sound cards save power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.workers.player.sinks.sink import Sink

SECONDS: Final = {"bluetooth": 1.0, "hdmi": 1.2, "usb": 0.4}
"""Lead-in by kind of device; all other devices have none."""

ASLEEP_SECONDS: Final = 4.0
"""Time without sound after which a device may be asleep."""

_MARKS: Final = {
    "bluetooth": ("bluetooth", "bluez", "a2dp", "airpods"),
    "hdmi": ("hdmi", "displayport", "iec958", "s/pdif"),
    "usb": ("usb",),
}
"""Words in the properties or the name of a device, by kind."""


def kind_of(sink: Sink | None, device: str) -> str:
    """Return the kind of a device: a key of ``SECONDS``, or an empty text for one that does not sleep.

    Args:
        sink: sink of the sound server, if known.
        device: name of the device, which tells most without a sound server.
    """
    if sink is None:
        words = device.casefold()
    elif bus := sink.properties.get("device.bus", "").casefold():
        # A name may promise anything; HDMI is a port of a card on another bus.
        words = (
            f"{bus} {sink.properties.get('device.profile.name', '')} {sink.properties.get('alsa.id', '')}".casefold()
        )
        words += " hdmi" if sink.properties.get("device.form_factor") == "tv" else ""
    else:
        words = " ".join((sink.name, *sink.properties.values())).casefold()
    return next((kind for kind, marks in _MARKS.items() if any(mark in words for mark in marks)), "")


def seconds_for(sink: Sink | None, device: str) -> float:
    """Return the lead-in of a device in seconds; none for one that plays something of others."""
    if sink is not None and sink.is_running:
        return 0.0
    return SECONDS.get(kind_of(sink, device), 0.0)


def milliseconds(sink: Sink | None, device: str) -> int:
    """Return the lead-in of an idle device in milliseconds."""
    return round(SECONDS.get(kind_of(sink, device), 0.0) * 1000)
