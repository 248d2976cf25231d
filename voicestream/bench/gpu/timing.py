"""How long something takes that a GPU does: it is over when the device says so."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sized

WARM_UPS: Final = 3
"""Runs that are not counted: what is needed for the second time is recorded then, and kernels are chosen."""


def wait() -> None:
    """Wait until GPUs have done what they were told; there may be none."""
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def times(do: Callable[[], object], runs: int) -> tuple[float, ...]:
    """Milliseconds of each run."""
    found: list[float] = []
    for number in range(WARM_UPS + runs):
        wait()
        begun_at = time.perf_counter()
        do()
        wait()
        if number >= WARM_UPS:
            found.append((time.perf_counter() - begun_at) * 1000)
    return tuple(found)


def streamed(
    make: Callable[[], Iterable[Sized]], runs: int
) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    """Milliseconds to the first samples and to the last ones of each run; and how many samples the last run had.

    A chunk without samples is none.
    """
    firsts: list[float] = []
    wholes: list[float] = []
    samples = 0
    for number in range(WARM_UPS + runs):
        wait()
        samples, first = 0, 0.0
        begun_at = time.perf_counter()
        for chunk in make():
            if not samples and len(chunk):
                first = time.perf_counter() - begun_at
            samples += len(chunk)
        whole = time.perf_counter() - begun_at
        if number >= WARM_UPS:
            firsts.append(first * 1000)
            wholes.append(whole * 1000)
    return tuple(firsts), tuple(wholes), samples
