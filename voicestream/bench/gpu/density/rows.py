"""Rows of the density benchmark: one voice path with one number of listeners. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_FIRST_MILLISECONDS: Final = 150.0
"""Upper limit of the 95th percentile of the first chunk, with which a voice counts as carried."""

VOICES_GOAL: Final = 400
"""Goal of the number of voices that the batching path carries."""

STEP: Final = 16
"""Resolution of the largest number of voices."""

BATCH: Final = "batch"
ONE_BY_ONE: Final = "one by one"
COQUI: Final = "coqui"
PATHS: Final = (BATCH, ONE_BY_ONE, COQUI)


@dataclass(frozen=True)
class DensityPlan:
    """Numbers of listeners and durations."""

    listeners: tuple[int, ...] = (1, 8, 32, 64, 128, 256, 512)
    """Listeners of the batching path, by row."""
    refinements: int = 3
    """Further rows of the batching path, which narrow down the largest number of voices."""
    one_by_one: tuple[int, ...] = (1, 8, 32, 64, 128)
    """Listeners of one sentence after another, by row; rows after the first that is not carried are omitted."""
    coqui: tuple[int, ...] = (1, 4, 8, 16)
    """Listeners of coqui's own code, by row."""
    ramp_seconds: float = 3.0
    """Time before the measurement, in which the listeners begin one after another: the length of a sentence."""
    seconds: float = 6.0
    """Time of the measurement."""
    few_seconds: float = 9.0
    """The same for fewer than ``STEP`` listeners, who ask for fewer sentences."""
    processes: int = 4
    """Processes of coqui's own code, which share the listeners."""
    process: int = 0
    """Number of the present one of them."""

    def seconds_for(self, listeners: int) -> float:
        """Return the time of the measurement with a number of listeners."""
        return self.few_seconds if listeners < STEP else self.seconds

    def share(self, listeners: int) -> int:
        """Return the listeners of the present process."""
        return len(range(self.process, listeners, self.processes))


FULL_PLAN: Final = DensityPlan()
QUICK_PLAN: Final = DensityPlan(
    listeners=(1, 64, 512), refinements=0, one_by_one=(1, 32), coqui=(1, 4), seconds=3.0, few_seconds=3.0, processes=2
)


@dataclass(frozen=True)
class DensityRow:
    """Result of one voice path with one number of listeners."""

    path: str
    listeners: int
    first_ms: tuple[float, ...] = ()
    """Milliseconds from each request to its first samples; of one without samples, until the end."""
    whole_ms: tuple[float, ...] = ()
    """Milliseconds from each request to its last samples."""
    underruns: int = 0
    """Chunks that arrived after the sound before them had been played."""
    interrupted: int = 0
    """Listeners with at least one of them."""
    memory_bytes: int | None = None
    """GPU memory of all processes of the path; None: unknown."""
    absent: str = ""
    """Reason why there are no figures."""

    @property
    def uninterrupted(self) -> int:
        """Number of listeners without an under-run."""
        return 0 if self.absent else self.listeners - self.interrupted

    def is_carried(self, first_p95_ms: float) -> bool:
        """Return whether all listeners are served in real time, given the percentile of their first chunks."""
        return not self.absent and not self.underruns and first_p95_ms <= MAX_FIRST_MILLISECONDS


def merged(rows: Sequence[DensityRow], listeners: int) -> DensityRow:
    """Return one row for the processes that shared the listeners."""
    sizes = [row.memory_bytes for row in rows if row.memory_bytes is not None]
    return DensityRow(
        path=rows[0].path,
        listeners=listeners,
        first_ms=tuple(value for row in rows for value in row.first_ms),
        whole_ms=tuple(value for row in rows for value in row.whole_ms),
        underruns=sum(row.underruns for row in rows),
        interrupted=sum(row.interrupted for row in rows),
        # Each process sees the memory of all of them.
        memory_bytes=max(sizes) if sizes else None,
        absent=next((row.absent for row in rows if row.absent), ""),
    )


def next_listeners(carried: Iterable[int], failed: Iterable[int]) -> int | None:
    """Return the number of listeners that narrows down the largest number of voices; None: it is known.

    Args:
        carried: numbers of listeners that were carried.
        failed: numbers of listeners that were not.
    """
    least = max(carried, default=0)
    above = [number for number in failed if number > least]
    middle = (least + min(above)) // 2 if above else least * 3 // 2
    rounded = middle // STEP * STEP
    return rounded if least < rounded and rounded not in above else None
