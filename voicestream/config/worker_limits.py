"""Limits of the workers that no session needs: ``[workers]`` of the user's file, and its environment variables."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

IDLE_VARIABLE: Final = "VOICESTREAM_WORKERS_IDLE"
MEMORY_VARIABLE: Final = "VOICESTREAM_WORKERS_MEMORY"

_UNITS: Final = {"": 1, "K": 10**3, "KI": 1 << 10, "M": 10**6, "MI": 1 << 20, "G": 10**9, "GI": 1 << 30}
_MEMORY: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMG]I?)?B?", re.IGNORECASE)


@dataclass(frozen=True)
class WorkerLimits:
    """Limits of time and memory; workers that a session needs never end for them."""

    idle_seconds: float = 600.0
    """After so long without a session,"""
    memory_bytes: int = 0
    """or before, the least recently used first, while all workers together take more; 0 = no limit."""

    def arguments(self) -> list[str]:
        """Options of the supervisor that say the same."""
        return [f"--idle={self.idle_seconds}", f"--memory={self.memory_bytes}"]


def default_memory_bytes() -> int:
    """Half of the memory of this machine; 0 where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError):
        return 0


def parse_memory(text: str) -> int:
    """Bytes of ``4 GiB``, ``500MB`` or ``0``.

    Raises:
        ValueError: it is no amount of memory.
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no amount of memory")
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])


def parse_idle(text: str) -> float:
    """Seconds.

    Raises:
        ValueError: it is no duration.
    """
    seconds = float(text)
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{text!r} is no duration")
    return seconds


def resolve(
    idle_seconds: float | None, memory_bytes: int | None, environment: Mapping[str, str] = os.environ
) -> WorkerLimits:
    """The limits: environment variables go before the user's file, and that before the defaults.

    Args:
        idle_seconds: ``[workers] idle``; None: not set.
        memory_bytes: ``[workers] memory``; None: not set.
        environment: of the process.

    Raises:
        ConfigurationError: a variable has a value that cannot be right.
    """
    if found := environment.get(IDLE_VARIABLE):
        try:
            idle_seconds = parse_idle(found)
        except ValueError as error:
            raise _wrong(IDLE_VARIABLE, found, "600 (seconds)") from error
    if found := environment.get(MEMORY_VARIABLE):
        try:
            memory_bytes = parse_memory(found)
        except ValueError as error:
            raise _wrong(MEMORY_VARIABLE, found, "4 GiB") from error
    defaults = WorkerLimits()
    return WorkerLimits(
        idle_seconds=defaults.idle_seconds if idle_seconds is None else idle_seconds,
        memory_bytes=default_memory_bytes() if memory_bytes is None else memory_bytes,
    )


def _wrong(variable: str, found: str, example: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variable}={found:.40}: it cannot be understood",
        hint=f"Set it to something like {example}, or type: unset {variable}",
    )
