"""One measured quantity: its samples, their percentiles, and the goal they are held against. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["ms", "MB"]
"""Milliseconds; megabytes of 10**6 bytes."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that ``percent`` of all samples do not exceed (nearest rank: always one that was measured).

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
    """What was measured, for people."""
    unit: Unit
    samples: tuple[float, ...]
    """One a run, in ``unit``; empty when there are none."""
    goal: float | None = None
    """The median should not exceed this; None: there is no goal for it."""
    absent: str = ""
    """Why there are no samples, and what to do about it."""
    is_failure: bool = False
    """Whether there are none because something went wrong, and not because this machine lacks something."""
    parts: dict[str, float] = field(default_factory=dict[str, float])
    """Where it goes: medians of what it is made of, in ``unit``."""

    @property
    def is_met(self) -> bool | None:
        """Whether the median is within the goal; None: there is no goal, or nothing was measured."""
        if self.goal is None or not self.samples:
            return None
        return percentile(self.samples, 50) <= self.goal


@dataclass(frozen=True)
class Report:
    """The whole table."""

    hardware: dict[str, str]
    figures: tuple[Figure, ...]
    seconds: float
    """How long the measuring took."""
