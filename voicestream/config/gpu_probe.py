"""GPU probe: the device on which a model runs best, without importing torch into this process."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import msgspec

_DRIVERS: Final = ("libcuda.so.1", "libamdhip64.so")
"""On Linux, torch finds a GPU only if one of these libraries can be loaded."""

CPU: Final = "cpu"
PROBE_SECONDS: Final = 60.0
"""Importing torch from a slow disk."""

_PROBE: Final = """
import json, torch
cuda = torch.cuda.is_available()
gpu = torch.cuda.get_device_properties(0) if cuda else None
print(json.dumps({
    "compute": "cuda" if cuda else "mps" if torch.backends.mps.is_available() else "cpu",
    "name": gpu.name if gpu else "",
    "memory_bytes": gpu.total_memory if gpu else None,
}))
"""


@dataclass(frozen=True)
class ComputeDevice:
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


def may_have_gpu() -> bool:
    """Whether there is a driver of one; on Apple's machines, whether the processor has one in it."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    for library in _DRIVERS:
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return True
    return False


def detect() -> ComputeDevice:
    """The best device; the processor when in doubt. Takes seconds where there may be a GPU: torch is asked then."""
    processor = ComputeDevice(CPU, f"processor, {os.cpu_count()} threads", None)
    if not may_have_gpu():
        return processor
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=True,
        )
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return processor  # it is a proposal only, and the user is asked
    if answer.compute == CPU:
        return processor
    return ComputeDevice(answer.compute, answer.name or "Apple GPU", answer.memory_bytes)
