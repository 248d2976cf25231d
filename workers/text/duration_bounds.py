"""Duration bounds of the speech of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voicestream.config.speech_duration import estimate

_CUTOFF_FACTOR: Final = 1.25
_CUTOFF_SECONDS: Final = 1.0
"""Additional time for a sentence that is too long to reach a pause."""


@dataclass(frozen=True)
class DurationBounds:
    """Bounds of the speech duration in seconds, without leading and trailing silence."""

    minimum: float
    """Shorter speech is incomplete; 0: the text has no words."""
    maximum: float
    """Longer speech is a run-on, which is cut at the next pause."""
    cutoff: float
    """Duration at which a run-on without a pause is cut."""

    @classmethod
    def of(cls, text: str, language: str, speed: float = 1.0) -> DurationBounds:
        """Estimate the bounds of a text.

        Args:
            text: normalized, as passed to the engine.
            language: its BCP-47 tag.
            speed: 1.0: natural.
        """
        estimated = estimate(text, language)
        maximum = estimated.most / speed
        return cls(estimated.least / speed, maximum, maximum * _CUTOFF_FACTOR + _CUTOFF_SECONDS)
