"""Benchmark figures: samples of one quantity, their percentiles, and the goal. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["ms", "MB"]
"""Milliseconds; megabytes of 10**6 bytes."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the smallest sample that ``percent`` of all samples do not exceed (nearest rank, never interpolated).

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no samples")
    rank = math.ceil(len(samples) * percent / 100)
    return sorted(samples)[max(0, rank - 1)]


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    name: str
    """Stable name for programs: ``warm_to_pcm``."""
    title: str
    """Description for people."""
    unit: Unit
    samples: tuple[float, ...]
    """One sample a run, in ``unit``; empty if there are none."""
    goal: float | None = None
    """Upper limit of the median; None: no goal."""
    absent: str = ""
    """Reason why there are no samples, and a hint."""
    is_failure: bool = False
    """True if the measurement failed; False if the machine lacks something for it."""
    parts: dict[str, float] = field(default_factory=dict[str, float])
    """Medians of the components, in ``unit``."""

    @property
    def is_met(self) -> bool | None:
        """Return whether the median meets the goal; None: no goal, or no samples."""
        if self.goal is None or not self.samples:
            return None
        return percentile(self.samples, 50) <= self.goal


@dataclass(frozen=True)
class Report:
    """The whole table."""

    hardware: dict[str, str]
    figures: tuple[Figure, ...]
    seconds: float
    """Duration of the measurements."""
