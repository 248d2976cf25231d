"""Where on this machine a model would run best: an NVIDIA GPU, an Apple one, or the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import msgspec

from voicestream.config.gpu_probe import may_have_gpu

CPU: Final = "cpu"
ASK_SECONDS: Final = 60.0
"""Importing torch from a slow disk."""

_ASK: Final = """
import json, torch
cuda = torch.cuda.is_available()
card = torch.cuda.get_device_properties(0) if cuda else None
print(json.dumps({
    "compute": "cuda" if cuda else "mps" if torch.backends.mps.is_available() else "cpu",
    "name": card.name if card else "",
    "memory_bytes": card.total_memory if card else None,
}))
"""


@dataclass(frozen=True)
class Device:
    """What computes."""

    compute: str
    """One of ``catalogue.COMPUTES``."""
    name: str
    """For people."""
    memory_bytes: int | None
    """Of a GPU of its own; None where it is not known, or the machine's."""


class _Answer(msgspec.Struct, frozen=True):
    compute: str
    name: str
    memory_bytes: int | None


def detect() -> Device:
    """The best device; the processor when in doubt. Takes seconds where there may be a GPU: torch is asked then."""
    processor = Device(CPU, f"processor, {os.cpu_count()} threads", None)
    if not may_have_gpu():
        return processor
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=True,
        )
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return processor  # it is a proposal only, and the user is asked
    if answer.compute == CPU:
        return processor
    return Device(answer.compute, answer.name or "Apple GPU", answer.memory_bytes)
