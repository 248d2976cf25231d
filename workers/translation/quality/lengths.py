"""Length check of a translation, by the density of both scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

DENSITY: Final = {
    # A letter is a word or half of one.
    "Hans": 0.33,
    "Hant": 0.33,
    # Han letters and syllables; a letter is a syllable.
    "Jpan": 0.57,
    "Hang": 0.6,
    "Ethi": 0.55,
    # Short vowels are not written, or are marks above and below that do not count here.
    "Arab": 0.8,
    "Hebr": 0.75,
    "Beng": 0.65,
    "Deva": 0.65,
    "Gujr": 0.65,
    "Guru": 0.65,
    "Knda": 0.7,
    "Khmr": 0.75,
    "Laoo": 0.75,
    "Mlym": 0.75,
    "Mymr": 0.7,
    "Orya": 0.65,
    "Sinh": 0.65,
    "Taml": 0.8,
    "Telu": 0.7,
    "Thai": 0.75,
    "Tibt": 0.75,
}
"""Letters per English letter, by script; 1 for others.

Rounded, and checked against the correct translations in tests/unit/translation/test_quality.py.
Languages written alike differ by less than the bounds allow.
"""

_SHORTEST: Final = 0.45
_LONGEST: Final = 2.2
"""Bounds, as multiples of the expected length."""
_SLACK_BELOW: Final = 5
_SLACK_ABOVE: Final = 20
"""Additional slack in English letters, because short texts differ more."""
_LOST: Final = 0.85
"""Lower bound for a translation with a sentence less."""

_STOPLESS: Final = frozenset(("Thai", "Laoo", "Khmr", "Mymr", "Tibt"))
"""Scripts in which sentences end with a space or with other marks."""
_END: Final = re.compile(
    r"[^\W\d_]{2}[.!?]+[\"')\]»”]*\s+(?=[^\W\d_])|[。！？।॥።།؟][\"')\]»”」』]*\s*(?=\w)|(?<=\w)[!?]\s*(?=\w)"
)
"""Boundary between two sentences."""


def wrong_length(pair: Pair) -> str:
    """Check for a length outside of the bounds of both languages, or a missing sentence.

    NLLB-200 makes ``Roy, jeg skal tale med dig.`` of ``Hi George. Roy, got to talk to you.`` (winstxnhdw/nllb-api#79),
    and ends long Chinese translations half-way (facebookresearch/fairseq#5549). Names that stand in both texts are not
    counted.
    """
    original, translation = (sum(map(len, runs)) for runs in pair.own)
    ratio = DENSITY.get(pair.target_script, 1.0) / DENSITY.get(pair.source_script, 1.0)
    # Slack is in English letters: a Chinese character corresponds to three of them.
    unit = DENSITY.get(pair.target_script, 1.0)
    expected = original * ratio
    if translation < expected * _SHORTEST - _SLACK_BELOW * unit:
        return "it is much shorter than the original"
    if translation > expected * _LONGEST + _SLACK_ABOVE * unit:
        return "it is much longer than the original"
    if pair.target_script in _STOPLESS:
        return ""
    if translation < expected * _LOST and _ends(pair.original) > _ends(pair.translation):
        return "a sentence is missing"
    return ""


def _ends(text: str) -> int:
    return sum(1 for _ in _END.finditer(text.strip()))
