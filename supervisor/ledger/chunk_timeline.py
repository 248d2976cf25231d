"""Timeline of the audio chunks of a sentence during synthesis: arrival times and audio available. Pure."""

from __future__ import annotations

import itertools
from typing import Final

from msgspec import field

from voicestream.records import Record

BURST_SECONDS: Final = 0.06
"""Chunks that arrive within this many seconds count as one: a long chunk is written slot by slot."""

_GROWTH: Final = 2.0
"""Upper bound of the ratio between the waits for the third and for the second chunk."""


class ChunkTimeline(Record):
    """Audio of one sentence from one job; times are on a clock that stands while the synthesizer has no slot."""

    began: float
    """Time at which the job was sent, in seconds of the monotonic clock."""
    ready: float = 0.0
    """Seconds of audio that an earlier job had already delivered."""
    lead: float = 0.0
    """Seconds of silence at the start: they are played, but need no synthesis."""
    starved: float = 0.0
    """Seconds for which the synthesizer had no slot to write to."""
    is_starved: bool = False
    """True if the synthesizer has no slot now: no audio arrives before some is played."""
    bursts: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """Arrival times, each with the seconds of audio (without the lead) available after it."""

    def note(self, seconds: float, now: float) -> None:
        """Record the arrival of audio; ``seconds`` includes the lead."""
        at = now - self.starved
        there = (self.bursts[-1][1] if self.bursts else self.ready - self.lead) + seconds
        if self.bursts and at - self.bursts[-1][0] <= BURST_SECONDS:
            self.bursts[-1] = (self.bursts[-1][0], there)
        else:
            self.bursts.append((at, there))

    @property
    def there(self) -> float:
        """Seconds of audio available."""
        return self.bursts[-1][1] if self.bursts else 0.0

    @property
    def first(self) -> float:
        """Seconds of audio in the first arrival."""
        return self.bursts[0][1] if self.bursts else 0.0

    @property
    def first_at(self) -> float:
        """Time of the first arrival."""
        return self.bursts[0][0] if self.bursts else self.began

    def waited(self, now: float) -> float:
        """Return the seconds since the last arrival."""
        return max(0.0, now - self.starved - self.bursts[-1][0]) if self.bursts else 0.0

    def speed(self, end: float | None = None) -> tuple[float, float]:
        """Return the seconds of audio synthesized per second, and the seconds over which that was measured.

        Args:
            end: seconds of audio in all, if the rest took no time to synthesize.

        Returns:
            With a single arrival, a lower bound of the speed, measured over 0 seconds.
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
        """Upper estimate of the seconds until the next arrival; chunks may get longer at first."""
        waits = [b[0] - a[0] for a, b in itertools.pairwise(self.bursts)]
        return max(waits, default=0.0) * (_GROWTH if len(waits) == 1 else 1.0)

    def lag(self, speed: float, now: float | None = None) -> float:
        """Return the largest lag of the audio behind a steady ``speed`` that starts at the first arrival.

        The lag is in seconds of audio, and negative if the audio was always ahead. It is measured just before each
        arrival, and at ``now`` if audio is still to come.
        """
        first_at = self.first_at
        ends = [at for at, _ in self.bursts[1:]] + ([now - self.starved] if now is not None else [])
        behind = [speed * (end - first_at) - there for end, (_, there) in zip(ends, self.bursts, strict=False)]
        return max(behind, default=-self.there)
