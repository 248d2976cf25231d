"""Limits of idle workers: ``[workers]`` in the user's file, and environment variables."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING, Final

from voicestream.errors import ConfigurationError
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

IDLE_VARIABLE: Final = "VOICESTREAM_WORKERS_IDLE"
MEMORY_VARIABLE: Final = "VOICESTREAM_WORKERS_MEMORY"

_UNITS: Final = {"": 1, "K": 10**3, "KI": 1 << 10, "M": 10**6, "MI": 1 << 20, "G": 10**9, "GI": 1 << 30}
_MEMORY: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMG]I?)?B?", re.IGNORECASE)


class WorkerLimits(FrozenRecord, frozen=True):
    """Idle timeout and memory limit of workers that no session needs."""

    idle_seconds: float = 600.0
    """Time without a session after which a worker is shut down."""
    memory_bytes: int = 0
    """Total memory of all workers above which idle ones are shut down, the least recently used first; 0 = no limit."""

    def arguments(self) -> list[str]:
        """Return the arguments of the supervisor for these limits."""
        return [f"--idle={self.idle_seconds}", f"--memory={self.memory_bytes}"]


def default_memory_bytes() -> int:
    """Return half of this machine's memory in bytes; 0 if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError):
        return 0


def parse_memory(text: str) -> int:
    """Parse an amount of memory such as ``4 GiB``, ``500MB`` or ``0`` into bytes.

    Raises:
        ValueError: it is not an amount of memory.
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an amount of memory")
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])


def parse_idle(text: str) -> float:
    """Parse a duration in seconds.

    Raises:
        ValueError: it is not a duration.
    """
    seconds = float(text)
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{text!r} is not a duration")
    return seconds


def resolve(
    idle_seconds: float | None, memory_bytes: int | None, environment: Mapping[str, str] = os.environ
) -> WorkerLimits:
    """Return the limits: environment variables override the user's file, which overrides the defaults.

    Args:
        idle_seconds: ``[workers] idle``; None: not set.
        memory_bytes: ``[workers] memory``; None: not set.
        environment: of the process.

    Raises:
        ConfigurationError: a variable has an invalid value.
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
