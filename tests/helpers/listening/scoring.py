"""Score of a sentence: errors between what should be said and what was recognized."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final

import espeakng_loader

from helpers.listening import alignment, kana, wording
from helpers.listening.rates import Score
from voicestream.workers.espeak_ng import library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helpers.listening.chains import Case

_HOMOPHONES: Final = {"2": "to", "4": "for"}
_VOICES: Final = {"en": "en-us", "pt": "pt-br"}


def score(case: Case, wanted: Sequence[str], heard: str, language: str) -> Score:
    """Return the errors against the nearest of several texts that may be said.

    Args:
        case: the sentence.
        wanted: texts that may be said.
        heard: what was recognized.
        language: base language that was spoken.
    """
    return min((_score(case, text, heard, language) for text in wanted), key=lambda found: found.errors / found.length)


def _score(case: Case, wanted: str, heard: str, language: str) -> Score:
    if language == "ja":
        reference, got = kana.kana(wanted), kana.kana(heard)
        errors, length = alignment.characters(reference, got), len(reference)
        return Score(case.id, case.group, min(errors, length), length, reference, got)
    words = wording.english if language == "en" else wording.portuguese
    left, right = words(wanted), words(heard)
    errors = alignment.words(left, right, lambda word: sound(word, language))
    return Score(case.id, case.group, min(errors, len(left)), len(left), " ".join(left), " ".join(right))


@functools.cache
def sound(word: str, language: str) -> str:
    """Return the phonemes of a word; empty for numbers of several digits, which are written in one way."""
    if word.isdigit():
        word = _HOMOPHONES.get(word, "")
    if not word:
        return ""
    with library.loaded(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())) as espeak:
        espeak.configure(_VOICES[language], 175, 0)
        return alignment.plain_sound(espeak.phonemes(word.encode(), "^").replace("^", ""))
