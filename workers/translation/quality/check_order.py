"""Order of the quality checks, the simplest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.workers.translation.quality.copies import unchanged
from voicestream.workers.translation.quality.lengths import wrong_length
from voicestream.workers.translation.quality.numbers import wrong_number
from voicestream.workers.translation.quality.pair import Pair
from voicestream.workers.translation.quality.repetition import repetition
from voicestream.workers.translation.quality.required_words import missing_word
from voicestream.workers.translation.quality.scripts import wrong_script

if TYPE_CHECKING:
    from collections.abc import Sequence


def problem(original: str, translation: str, source: str, target: str, protected: Sequence[str] = ()) -> str:
    """Return the defect of a translation, for users ("the number 3.11 is missing"); empty if there is none.

    Args:
        original: one sentence, as the model got it.
        translation: the model's answer.
        source: BCP-47 tag of the original.
        target: BCP-47 tag of the translation.
        protected: words that must stand in the translation.

    Raises:
        UsageError: there is no such language.
    """
    if not any(map(str.isalnum, translation)):
        # A translation without letters is right for an original without letters.
        return "it is empty" if any(map(str.isalnum, original)) else ""
    pair = Pair.of(original, translation, source, target)
    return (
        unchanged(pair)
        or wrong_script(pair)
        or missing_word(pair, protected)
        or wrong_number(pair)
        or repetition(pair)
        or wrong_length(pair)
    )
