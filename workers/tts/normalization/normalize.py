"""Text normalization of a sentence for neural voices: numbers and symbols become words of its language."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.config import languages
from voicestream.errors import UsageError
from voicestream.workers.tts.normalization.abbreviations import say_abbreviations
from voicestream.workers.tts.normalization.characters import speakable, unify
from voicestream.workers.tts.normalization.code_words import say_code_words
from voicestream.workers.tts.normalization.dates.dates import say_dates
from voicestream.workers.tts.normalization.dates.times import say_times
from voicestream.workers.tts.normalization.identifiers import say_hashes, say_names, say_references, say_versions
from voicestream.workers.tts.normalization.katakana import say_latin
from voicestream.workers.tts.normalization.numbers.numbers import say_numbers, say_ranges
from voicestream.workers.tts.normalization.numbers.written_ordinals import say_ranks
from voicestream.workers.tts.normalization.powers import say_areas, say_glyphs, say_parts
from voicestream.workers.tts.normalization.ranges import say_dashes
from voicestream.workers.tts.normalization.symbols import say_rest, say_signs
from voicestream.workers.tts.normalization.units import say_units

_FIGURE: Final = re.compile(r"\d")
_VARIANTS: Final = {"pt-BR": "pt_BR", "fr-CH": "fr_CH", "fr-BE": "fr_BE"}
"""Country variants with number words of their own."""

_JOINING: Final = frozenset(("ja", "zh"))
"""Languages written without spaces between words."""
_WORDS: Final = {"en": say_code_words, "ja": say_latin}
"""Last step of some languages, for words of programmers."""
_LONGEST_PART: Final = 600
"""Characters that are normalized at once: some steps have superlinear cost."""

_STEPS: Final = (
    say_hashes,
    say_dates,
    say_times,
    say_versions,
    say_ranges,
    say_ranks,
    say_units,
    say_names,
    say_numbers,
)
"""Steps in order, from unambiguous patterns to generic ones; all need digits in the text."""


def words(text: str, language: str) -> str:
    """Normalize a sentence to words of its language, without digits and unspeakable characters.

    The function is idempotent. In a language without a neural voice only whitespace is normalized.

    Args:
        text: one sentence, without markup.
        language: BCP-47 tag of the text.

    Returns:
        "" if there are no words: a voice makes noise of punctuation.
    """
    variant = _variant(language)
    if variant is None:
        return " ".join(text.split()) if any(map(str.isalnum, text)) else ""
    said = [_say(part, variant) for part in _parts(" ".join(_unified(text, variant[:2]).split()))]
    return ("" if variant[:2] in _JOINING else " ").join(filter(None, said))


def _unified(text: str, base: str) -> str:
    return unify(text if text.isascii() else say_glyphs(text, base), base)


def _say(text: str, variant: str) -> str:
    text = say_abbreviations(text, variant)
    if _FIGURE.search(text) is not None or "\u2013" in text:
        text = say_areas(say_dashes(say_parts(say_references(text, variant), variant), variant), variant)
    text = say_signs(text, variant)
    for step in _STEPS:
        if _FIGURE.search(text) is None:
            break
        text = step(text, variant)
    text = speakable(say_rest(text, variant), variant[:2])
    say_words = _WORDS.get(variant)
    said = text if say_words is None else say_words(text)
    # Other words are joined differently.
    return text if said == text else speakable(said, variant[:2])


def _parts(text: str) -> list[str]:
    """Split a text into parts of at most ``_LONGEST_PART`` characters, at spaces where possible."""
    parts: list[str] = []
    begin = 0
    while len(text) - begin > _LONGEST_PART:
        space = text.rfind(" ", begin + 1, begin + _LONGEST_PART)
        end = space if space > 0 else begin + _LONGEST_PART
        parts.append(text[begin:end])
        begin = end
    return [*parts, text[begin:]]


@functools.lru_cache(maxsize=512)
def _variant(language: str) -> str | None:
    """Return the internal name of a language: without a country, except where numbers differ."""
    try:
        known = languages.parse(language)
    except UsageError:
        return None
    if known.tag in _VARIANTS:
        return _VARIANTS[known.tag]
    return (known.xtts or "")[:2] or None
