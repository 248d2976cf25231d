"""How the sound of a sentence comes while it is being made: when, and how much of it is there then. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

BURST_SECONDS: Final = 0.06
"""What comes within this time came at once: a long chunk is written slot by slot."""

_GROWTH: Final = 2.0
"""How much longer the third chunk may take than the second did."""


@dataclass
class ChunkTimeline:
    """The sound of one sentence from one job; seconds on the clock of its maker, which stands while it has no slot."""

    began: float
    """When the job was sent."""
    ready: float = 0.0
    """Seconds of its sound that were there by then, from a job before."""
    lead: float = 0.0
    """Seconds of quiet with which it begins: they are played, but take no time to be made."""
    starved: float = 0.0
    """Seconds for which the maker had no slot to write to."""
    is_starved: bool = False
    """It has none now: nothing will come before something was heard."""
    bursts: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When something came, and the seconds of sound (the lead not counted) that were there after it."""

    def note(self, seconds: float, now: float) -> None:
        """So much sound came, the lead counted."""
        at = now - self.starved
        there = (self.bursts[-1][1] if self.bursts else self.ready - self.lead) + seconds
        if self.bursts and at - self.bursts[-1][0] <= BURST_SECONDS:
            self.bursts[-1] = (self.bursts[-1][0], there)
        else:
            self.bursts.append((at, there))

    @property
    def there(self) -> float:
        """Seconds of sound that are there."""
        return self.bursts[-1][1] if self.bursts else 0.0

    @property
    def first(self) -> float:
        """Seconds of sound that came first."""
        return self.bursts[0][1] if self.bursts else 0.0

    @property
    def first_at(self) -> float:
        """When the first of it came."""
        return self.bursts[0][0] if self.bursts else self.began

    def waited(self, now: float) -> float:
        """How long nothing came."""
        return max(0.0, now - self.starved - self.bursts[-1][0]) if self.bursts else 0.0

    def speed(self, end: float | None = None) -> tuple[float, float]:
        """Seconds of sound made in a second, and for how many seconds that was seen.

        Args:
            end: seconds of sound there are in all, if what follows them took no time to be made.

        Returns:
            Of the first sound alone nothing is seen: how fast it was made at least, how long that took being unknown.
        """
        if not self.bursts:
            return 0.0, 0.0
        (first_at, first), (last_at, last) = self.bursts[0], self.bursts[-1]
        last = last if end is None else max(first, min(last, end))
        if len(self.bursts) == 1:
            return last / max(first_at - self.began, 1e-3), 0.0
        return (last - first) / (last_at - first_at), last_at - first_at

    @property
    def next_wait(self) -> float:
        """Seconds until something comes again, at most, as far as one can tell: chunks may get longer at first."""
        waits = [b[0] - a[0] for a, b in itertools.pairwise(self.bursts)]
        return max(waits, default=0.0) * (_GROWTH if len(waits) == 1 else 1.0)

    def lag(self, speed: float, now: float | None = None) -> float:
        """How far, at most, what was there fell behind a steady ``speed`` that began with the first arrival.

        Seconds of sound; below 0 where it was always ahead. Just before each arrival, and at ``now`` if something is
        still to come.
        """
        first_at = self.first_at
        ends = [at for at, _ in self.bursts[1:]] + ([now - self.starved] if now is not None else [])
        behind = [speed * (end - first_at) - there for end, (_, there) in zip(ends, self.bursts, strict=False)]
        return max(behind, default=-self.there)
