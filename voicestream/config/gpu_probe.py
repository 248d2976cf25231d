"""Whether this machine may have a GPU that torch can use, found out without importing torch."""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Final

_DRIVERS: Final = ("libcuda.so.1", "libamdhip64.so")
"""Without one of them no torch finds a GPU on Linux."""


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
