"""Sink of a sound server."""

from __future__ import annotations

import msgspec

PROPERTIES = (
    "device.bus",
    "device.form_factor",
    "device.api",
    "device.profile.name",
    "device.product.name",
    "alsa.id",
)
"""Properties that are read of each sink."""


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """One sink, as PulseAudio and PipeWire describe it."""

    name: str
    """Stable name, such as ``alsa_output.usb-Headset.analog-stereo``."""
    description: str
    """Name for people."""
    is_default: bool = False
    is_running: bool = False
    """True if it plays something now."""
    properties: dict[str, str] = {}
