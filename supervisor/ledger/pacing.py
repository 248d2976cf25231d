"""When the playing of a sentence that is still being made may start, so that there is no gap inside it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MARGIN: Final = 1.15
"""A voice must be this much faster than real time to be played from its first chunk, and a slower one gets this much
more of a start than the average says: single chunks take longer than the average."""

WEIGHT: Final = 0.3
"""Weight of the newest sentence in the running averages: three sentences say most of it."""


@dataclass
class Pace:
    """How fast the voice makes sound, learned from the sentences it has finished."""

    speed: float | None = None
    """Seconds of sound made in a second; None before the first sentence."""
    frames_per_character: float | None = None

    def learn(self, *, frames: int, characters: int, sound_seconds: float, work_seconds: float) -> None:
        """Take a finished sentence into account."""
        if frames <= 0 or characters <= 0 or work_seconds <= 0:
            return
        self.speed = _average(self.speed, sound_seconds / work_seconds)
        self.frames_per_character = _average(self.frames_per_character, frames / characters)

    def frames_before_start(self, characters: int) -> int:
        """How many frames of a sentence of this many characters must be there before it may be played."""
        if self.speed is None or self.frames_per_character is None or self.speed >= MARGIN:
            return 1
        expected_frames = self.frames_per_character * characters
        # While L frames play, speed * L more are made: what is there at the start has to cover the rest of the whole.
        missing_share = 1 - self.speed / MARGIN
        return max(1, round(expected_frames * missing_share))


def _average(old: float | None, new: float) -> float:
    return new if old is None else (1 - WEIGHT) * old + WEIGHT * new
