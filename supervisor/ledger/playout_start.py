"""When the playing of a sentence that is still being made may start, so that there is no gap inside it. Pure.

A voice makes sound in chunks, at a speed of its own. At a time t after its first chunk, of f seconds, there is taken to
be at least ``s t - l``: s is its speed, l how far the chunks of the sentences before fell behind that line. All of its
n seconds are there at ``(n - f) / s``. Playing that starts at p needs ``t - p``, so p must be at least
``t (1 - s) + l`` for each t at which something is still to come: with s >= 1 the beginning decides, else the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.supervisor.ledger.chunk_timeline import Arrivals

MARGIN: Final = 1.15
"""A voice is taken to be this much slower than it seems: single chunks take longer than the average."""

LENGTH_MARGIN: Final = 1.1
"""A sentence is taken to be this much longer than others of as much text,"""
UNKNOWN_MARGIN: Final = 1.3
"""and this much before any sentence of the voice was heard."""

WEIGHT: Final = 0.3
"""Weight of the newest sentence in the running averages: three sentences say most of it."""

TRUST_SECONDS: Final = 1.0
"""A sentence in the making says as much about the speed as all before it when it was watched for so long."""

CHUNK_SECONDS: Final = 1.0
"""Sound in the second chunk of an unknown voice, at most: nobody knows how long it will be."""


@dataclass
class Pace:
    """How fast the voice makes sound, learned from the sentences it has finished."""

    speed: float | None = None
    """Seconds of sound made in a second, the time to the first chunk not counted; None before the first sentence."""
    lag: float = 0.0
    """Seconds of sound by which the chunks fell behind that speed at most; below 0: they were ahead."""
    stretch: float | None = None
    """Seconds of sound for each second that the text was expected to take."""

    def learn(self, arrivals: Arrivals, *, sound_seconds: float, expected_seconds: float) -> None:
        """Take a finished sentence into account.

        Args:
            arrivals: how its sound came.
            sound_seconds: its length, without the quiet before and after it.
            expected_seconds: what its text was expected to take.
        """
        if sound_seconds <= 0 or expected_seconds <= 0 or not arrivals.bursts:
            return
        self.stretch = _average(self.stretch, sound_seconds / expected_seconds)
        speed, seconds = arrivals.speed(sound_seconds)
        if not seconds and speed < MARGIN:
            return  # all of it came at once: how long the voice took to begin is all that is known
        known = self.speed is not None
        self.speed = _average(self.speed, speed)
        lag = arrivals.lag(self.speed)
        # The worst of late: one that was late once will be so again.
        self.lag = max(lag, _average(self.lag, lag)) if known else lag

    def may_start(self, arrivals: Arrivals, expected_seconds: float, now: float) -> bool:
        """Whether a sentence may be played from now on, so that it never has to wait for what is still being made.

        Args:
            arrivals: how its sound has come so far.
            expected_seconds: what its text was expected to take, all of it.
            now: on the clock of the ledger.
        """
        if not arrivals.bursts:
            return False
        if arrivals.is_starved:
            return True
        if self.speed is None:
            return self._may_start_unknown(arrivals, expected_seconds, now)
        measured, seconds = arrivals.speed()
        weight = seconds / (seconds + TRUST_SECONDS)
        speed = (weight * measured + (1 - weight) * self.speed) / MARGIN
        if speed <= 0:
            return False
        there = arrivals.there
        length = max(there, expected_seconds * (self.stretch or 1.0) * LENGTH_MARGIN)
        lag = max(self.lag, arrivals.lag(speed * MARGIN, now))
        since_first = now - arrivals.starved - arrivals.first_at + arrivals.lead
        if speed >= 1:
            # Until what is there has been played, nothing else is needed.
            return speed * (since_first + there) >= lag + there
        return since_first >= (length - arrivals.first) * (1 / speed - 1) + lag

    @staticmethod
    def _may_start_unknown(arrivals: Arrivals, expected_seconds: float, now: float) -> bool:
        """Of a voice of which no sentence was heard yet: by what was seen of this one, its longest wait above all."""
        measured, seconds = arrivals.speed()
        speed = measured / MARGIN
        if speed <= 0:
            return False
        wait = MARGIN * arrivals.next_wait if seconds else CHUNK_SECONDS / speed
        left = max(0.0, expected_seconds * UNKNOWN_MARGIN - arrivals.there)
        needed = max(wait, left * (1 / speed - 1) + speed * wait)
        return arrivals.there + arrivals.lead + arrivals.waited(now) >= needed


def _average(old: float | None, new: float) -> float:
    return new if old is None else (1 - WEIGHT) * old + WEIGHT * new
