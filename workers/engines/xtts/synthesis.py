"""Sentence as input of the synthesis, and the sizes of its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.workers.engines.xtts.conditioning import ConditionedVoice
    from voicestream.workers.engines.xtts.end_detection import EndDetector

FIRST_CHUNKS: Final = (10, 4, 4)
"""Tokens of the first chunks. Ten of them determine the first 0.3 s; postprocessing needs 0.25 s before its first
output (``postprocessing/attempt.py``)."""

CHUNK_TOKENS: Final = 8
"""Tokens of later chunks: 0.37 s. The size is fixed, because rounding depends on it, and larger chunks are hardly
faster: the vocoder computes nothing twice. Synthesis can be cancelled between chunks."""


@dataclass(frozen=True)
class Utterance:
    """Text and voice of one synthesis, after both were read."""

    tokens: list[int]
    """Token ids of the text."""
    voice: ConditionedVoice
    seed: int
    speed: float
    end_detector: EndDetector
    """Of this synthesis only."""
