"""Measurement of one row: simulated listeners ask a source in real time."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.bench.figures import percentile
from voicestream.bench.gpu.density.listeners import Audience
from voicestream.bench.gpu.density.rows import DensityRow, next_listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicestream.bench.gpu.density.rows import DensityPlan
    from voicestream.bench.gpu.density.sources import Source

IDLE_SECONDS: Final = 0.001
"""Upper limit of a pause while nobody waits."""


@dataclass(frozen=True)
class Clock:
    """Monotonic clock in seconds."""

    now: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


def measure_row(
    path: str,
    source: Source,
    listeners: int,
    plan: DensityPlan,
    used_bytes: Callable[[], int | None],
    *,
    seconds: float | None = None,
    clock: Clock = Clock(),
) -> DensityRow:
    """Let listeners ask a source, and return what they notice.

    Args:
        path: name of the voice path.
        source: of the speech.
        listeners: number of them.
        plan: durations.
        used_bytes: returns the GPU memory of the path; None: unknown.
        seconds: time of the measurement; None: that of the plan.
        clock: of the listeners.
    """
    begin = clock.now()
    audience = Audience.beginning(listeners, begin, plan.ramp_seconds)
    end = audience.counts_from + (plan.seconds_for(listeners) if seconds is None else seconds)
    seeds = itertools.count(1)
    while (now := clock.now()) < end:
        for listener in audience.requests(now):
            source.ask(listener, next(seeds))
        if not source.is_busy:
            clock.sleep(min(IDLE_SECONDS, max(0.0, (audience.next_request_at or end) - now)))
            continue
        received = source.step()
        now = clock.now()
        for one in received:
            if one.is_last:
                audience.ended(one.listener, now)
            else:
                audience.received(one.listener, one.seconds, now)
    audience.close(end)
    used = used_bytes()
    source.cancel()
    return DensityRow(
        path=path,
        listeners=listeners,
        first_ms=tuple(1000 * one for one in audience.first_seconds),
        whole_ms=tuple(1000 * one for one in audience.whole_seconds),
        underruns=audience.underruns,
        interrupted=len(audience.interrupted),
        memory_bytes=used,
    )


def is_carried(row: DensityRow) -> bool:
    """Return whether all listeners of a row are served in real time."""
    return bool(row.first_ms) and row.is_carried(percentile(row.first_ms, 95))


def measure_until_missed(measure: Callable[[int], DensityRow], counts: Iterable[int]) -> list[DensityRow]:
    """Return the rows up to the first one that is not carried."""
    rows: list[DensityRow] = []
    for count in counts:
        rows.append(measure(count))
        if not is_carried(rows[-1]):
            break
    return rows


def measure_with_refinements(measure: Callable[[int], DensityRow], plan: DensityPlan) -> list[DensityRow]:
    """Return all rows of the plan, and those that narrow down the largest number of voices, by listeners."""
    rows = [measure(count) for count in plan.listeners]
    for _ in range(plan.refinements):
        carried = [row.listeners for row in rows if is_carried(row)]
        failed = [row.listeners for row in rows if not is_carried(row)]
        following = next_listeners(carried, failed)
        if following is None:
            break
        rows.append(measure(following))
    return sorted(rows, key=lambda row: row.listeners)
