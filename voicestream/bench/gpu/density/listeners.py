"""Simulated listeners: each plays a sentence in real time and asks for the next one when it has been played. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class _Listener:
    """Playback clock of one listener; times in seconds."""

    asked_at: float = 0.0
    """Time of the present request, which is that of the end of playback before it."""
    plays_until: float = 0.0
    """Time at which the samples received so far will have been played."""
    has_begun: bool = False
    is_waiting: bool = False
    """True from a request to the end of its samples."""


@dataclass
class Audience:
    """All listeners of one row, and what they have noticed since ``counts_from``."""

    counts_from: float
    """Time from which on requests and under-runs count."""
    first_seconds: list[float] = field(default_factory=list[float])
    whole_seconds: list[float] = field(default_factory=list[float])
    underruns: int = 0
    interrupted: set[int] = field(default_factory=set[int])
    """Listeners with at least one under-run."""
    _listeners: list[_Listener] = field(default_factory=list[_Listener])
    _due: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])

    @classmethod
    def beginning(cls, count: int, begin: float, ramp_seconds: float) -> Audience:
        """Return listeners who ask for their first sentence one after another, evenly during the ramp."""
        audience = cls(counts_from=begin + ramp_seconds)
        audience._listeners = [_Listener() for _ in range(count)]
        audience._due = [(begin + ramp_seconds * number / count, number) for number in range(count)]
        return audience

    @property
    def next_request_at(self) -> float | None:
        """Time of the next request; None: all listeners wait for samples."""
        return self._due[0][0] if self._due else None

    def requests(self, now: float) -> Iterator[int]:
        """Yield the listeners whose requests are due, and count these as made at the time at which they were due."""
        while self._due and self._due[0][0] <= now:
            at, number = heapq.heappop(self._due)
            listener = self._listeners[number]
            listener.asked_at, listener.has_begun, listener.is_waiting = at, False, True
            yield number

    def received(self, number: int, seconds: float, now: float) -> None:
        """Record that a listener has received samples."""
        listener = self._listeners[number]
        if not listener.has_begun:
            listener.has_begun = True
            if listener.asked_at >= self.counts_from:
                self.first_seconds.append(now - listener.asked_at)
            listener.plays_until = now + seconds
            return
        if now > listener.plays_until:
            self._interrupt(number, now)
        listener.plays_until = max(now, listener.plays_until) + seconds

    def ended(self, number: int, now: float) -> None:
        """Record that a listener has received a whole sentence; the next request follows after its playback."""
        listener = self._listeners[number]
        listener.is_waiting = False
        if listener.asked_at >= self.counts_from:
            self.whole_seconds.append(now - listener.asked_at)
        heapq.heappush(self._due, (max(now, listener.plays_until), number))

    def close(self, now: float) -> None:
        """Count the requests without samples so far, and the listeners who wait for the next samples."""
        for number, listener in enumerate(self._listeners):
            if not listener.is_waiting:
                continue
            if listener.has_begun and now > listener.plays_until:
                self._interrupt(number, now)
            if not listener.has_begun and listener.asked_at >= self.counts_from:
                self.first_seconds.append(now - listener.asked_at)

    def _interrupt(self, number: int, now: float) -> None:
        if now >= self.counts_from:
            self.underruns += 1
            self.interrupted.add(number)
