"""GPU timing with synchronization, and null callbacks for engines in a benchmark."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sized


def wait() -> None:
    """Synchronize with all GPUs, if there are any."""
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def times(run: Callable[[], object], runs: int, warm_ups: int) -> tuple[float, ...]:
    """Return the milliseconds of each run after the warm-up runs."""
    found: list[float] = []
    for number in range(warm_ups + runs):
        wait()
        begun_at = time.perf_counter()
        run()
        wait()
        if number >= warm_ups:
            found.append((time.perf_counter() - begun_at) * 1000)
    return tuple(found)


def streamed(
    stream: Callable[[], Iterable[Sized]], runs: int, warm_ups: int
) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    """Return the milliseconds to first and last samples of each run after the warm-up runs, and a run's samples.

    Chunks without samples do not count.
    """
    firsts: list[float] = []
    wholes: list[float] = []
    samples = 0
    for number in range(warm_ups + runs):
        wait()
        samples, first = 0, 0.0
        begun_at = time.perf_counter()
        for chunk in stream():
            if not samples and len(chunk):
                first = time.perf_counter() - begun_at
            samples += len(chunk)
        whole = time.perf_counter() - begun_at
        if number >= warm_ups:
            firsts.append(first * 1000)
            wholes.append(whole * 1000)
    return tuple(firsts), tuple(wholes), samples


def ignore_progress(_stage: str, _progress: float | None) -> None:
    """Ignore the loading progress of an engine (null callback)."""


def never_cancelled() -> bool:
    """Return False: nothing cancels the work of a benchmark (null callback)."""
    return False
