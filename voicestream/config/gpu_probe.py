"""GPU probe: the device on which a model runs best, without importing torch into this process."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Final

import msgspec

from voicestream.records import FrozenRecord

_DRIVERS: Final = ("libcuda.so.1", "libamdhip64.so")
"""On Linux, torch finds a GPU only if one of these libraries can be loaded."""

CPU: Final = "cpu"
PROBE_SECONDS: Final = 60.0
"""Timeout; importing torch from a slow disk takes long."""

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


class ComputeDevice(FrozenRecord, frozen=True):
    """A device for neural engines."""

    compute: str
    """One of ``catalogue.COMPUTES``."""
    name: str
    """Name for people."""
    memory_bytes: int | None
    """Memory of a discrete GPU; None if unknown or shared with the processor."""


class _Answer(msgspec.Struct, frozen=True):
    compute: str
    name: str
    memory_bytes: int | None


def may_have_gpu() -> bool:
    """Return whether a GPU driver is installed; on Apple machines, whether the processor has a GPU."""
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
    """Return the best device, the processor if in doubt; takes seconds if torch has to be started."""
    processor = ComputeDevice(CPU, f"processor, {os.cpu_count()} threads", None)
    if not may_have_gpu():
        return processor
    import subprocess  # noqa: PLC0415 - rarely needed, and takes its time

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
        return processor  # only a proposal, which the user can change
    if answer.compute == CPU:
        return processor
    return ComputeDevice(answer.compute, answer.name or "Apple GPU", answer.memory_bytes)
