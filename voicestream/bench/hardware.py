"""Hardware and software of a measurement."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

PACKAGES: Final = ("pyzmq", "msgpack", "msgspec", "numpy", "soxr", "sounddevice", "espeakng-loader", "click")
"""Packages on the measured paths."""

LOAD_SAMPLE_SECONDS: Final = 0.5
"""Sampling time of the load by other programs: figures of a busy machine are not worth quoting."""

GIB: Final = 1 << 30


def describe() -> dict[str, str]:
    """Describe the machine, in the order of display."""
    return {
        "cpu": cpu_model(),
        "cores": str(os.cpu_count() or "?"),
        "memory": f"{psutil.virtual_memory().total / GIB:.0f} GiB",
        "system": system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        "others": f"{psutil.cpu_percent(LOAD_SAMPLE_SECONDS):.0f} % of all cores in use before the measuring",
    }


def cpu_model() -> str:
    """Return the processor's name."""
    if sys.platform == "darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def system() -> str:
    """Return the operating system's name and the kernel version."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, kernel {platform.release()}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
