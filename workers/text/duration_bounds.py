"""How long the sound of a text may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voicestream.config.speech_duration import estimate

_HARD: Final = 1.25
_HARD_SECONDS: Final = 1.0
"""Time that a sentence which is too long gets to come to a pause."""


@dataclass(frozen=True)
class Limits:
    """Seconds of speech, the quiet before and after it not counted."""

    least: float
    """A sound that is shorter does not say the text; 0 = the text says nothing."""
    most: float
    """A sound that is longer says more than the text: it is ended at the next pause,"""
    hard: float
    """and here, if no pause comes."""

    @classmethod
    def of(cls, text: str, language: str, speed: float = 1.0) -> Limits:
        """Those of a text.

        Args:
            text: as the engine gets it.
            language: its BCP-47 tag.
            speed: 1.0 = the voice's natural speed.
        """
        seconds = estimate(text, language)
        most = seconds.most / speed
        return cls(seconds.least / speed, most, most * _HARD + _HARD_SECONDS)
