"""Playout start: earliest time to start playback during synthesis without an underrun. Pure.

A voice synthesizes audio in chunks, at a speed s (seconds of audio per second). At a time t after its first chunk of f
seconds, at least ``s t - l`` seconds are expected, where l is the largest lag of earlier chunks behind that line. All n
seconds are available at ``(n - f) / s``. Playback that starts at p needs ``t - p`` seconds, so p must be at least ``t
(1 - s) + l`` for each t before the last chunk. With s >= 1 the start is decisive, otherwise the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import Record

if TYPE_CHECKING:
    from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline

MARGIN: Final = 1.15
"""Safety factor for the speed of a voice: single chunks take longer than the average."""

LENGTH_MARGIN: Final = 1.1
"""Safety factor for the length of a sentence, relative to others with as much text."""
UNKNOWN_MARGIN: Final = 1.3
"""Safety factor for the length before any sentence of the voice was finished."""

WEIGHT: Final = 0.3
"""Weight of the newest sentence in the running averages; the last three sentences dominate."""

TRUST_SECONDS: Final = 1.0
"""Seconds of observation after which the present sentence weighs as much as all before it."""

CHUNK_SECONDS: Final = 1.0
"""Upper estimate of the seconds of audio in the second chunk of an unknown voice."""


class PlayoutStart(Record):
    """Synthesis speed of a voice, learned from its finished sentences."""

    speed: float | None = None
    """Seconds of audio synthesized per second, without the time to the first chunk; None before the first sentence."""
    lag: float = 0.0
    """Largest lag of the chunks behind that speed, in seconds of audio; negative: they were ahead."""
    length_ratio: float | None = None
    """Seconds of audio for each second of the estimated duration."""

    def learn(self, timeline: ChunkTimeline, *, sound_seconds: float, expected_seconds: float) -> None:
        """Take a finished sentence into account.

        Args:
            timeline: its chunks.
            sound_seconds: its duration, without leading and trailing silence.
            expected_seconds: estimated duration of its text.
        """
        if sound_seconds <= 0 or expected_seconds <= 0 or not timeline.bursts:
            return
        self.length_ratio = _average(self.length_ratio, sound_seconds / expected_seconds)
        speed, seconds = timeline.speed(sound_seconds)
        if not seconds and speed < MARGIN:
            return  # a single arrival: only the latency of the first chunk is known
        known = self.speed is not None
        self.speed = _average(self.speed, speed)
        lag = timeline.lag(self.speed)
        # The largest recent lag: it may occur again.
        self.lag = max(lag, _average(self.lag, lag)) if known else lag

    def may_start(self, timeline: ChunkTimeline, expected_seconds: float, now: float, *, rate: float = 1.0) -> bool:
        """Return whether playback can start now without an underrun later in the sentence.

        Args:
            timeline: the chunks so far.
            expected_seconds: estimated duration of the whole text.
            now: on the clock of the ledger.
            rate: seconds of audio that are played in a second.
        """
        if not timeline.bursts:
            return False
        if timeline.is_starved:
            return True
        if self.speed is None:
            return self._may_start_unknown(timeline, expected_seconds, now, rate)
        measured, seconds = timeline.speed()
        weight = seconds / (seconds + TRUST_SECONDS)
        speed = (weight * measured + (1 - weight) * self.speed) / MARGIN
        if speed <= 0:
            return False
        lag = max(self.lag, timeline.lag(speed * MARGIN, now)) / rate
        since_first = now - timeline.starved - timeline.first_at + timeline.lead / rate
        # From here on all audio is counted in seconds of playing.
        speed /= rate
        there = timeline.there / rate
        length = max(there, expected_seconds * (self.length_ratio or 1.0) * LENGTH_MARGIN / rate)
        if speed >= 1:
            # No further audio is needed before the available audio was played.
            return speed * (since_first + there) >= lag + there
        return since_first >= (length - timeline.first / rate) * (1 / speed - 1) + lag

    @staticmethod
    def _may_start_unknown(timeline: ChunkTimeline, expected_seconds: float, now: float, rate: float) -> bool:
        """Decide for a voice without finished sentences, from the present sentence and above all its longest wait."""
        measured, seconds = timeline.speed()
        speed = measured / MARGIN / rate
        if speed <= 0:
            return False
        wait = MARGIN * timeline.next_wait if seconds else CHUNK_SECONDS / rate / speed
        left = max(0.0, expected_seconds * UNKNOWN_MARGIN - timeline.there) / rate
        needed = max(wait, left * (1 / speed - 1) + speed * wait)
        return (timeline.there + timeline.lead) / rate + timeline.waited(now) >= needed


def _average(old: float | None, new: float) -> float:
    return new if old is None else (1 - WEIGHT) * old + WEIGHT * new
