"""Speech duration estimate of a text: minimum, typical and maximum. Pure.

Rates are those of people reading aloud, in letters a minute: Trauzettel-Klosinski and Dietz, "Standardized Assessment
of Reading Performance: The New International Reading Speed Texts IReST", Investigative Ophthalmology & Visual Science
53 (2012), 5452 to 5461. Those read quickly, 228 words a minute in English, where 183 is the mean of 77 studies
(Brysbaert, "How many words do we read per minute?", Journal of Memory and Language 109, 2019), so a voice is expected
at ``_USUAL`` of their rate. Where a letter is a syllable or more, the rates are in syllables a second: Pellegrino,
Coupé and Marsico, "A cross-language perspective on speech information rate", Language 87 (2011), 539 to 558.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Final

from voicestream.records import FrozenRecord

_IREST: Final = {
    "ar": 612,
    "de": 920,
    "en": 987,
    "es": 1025,
    "fi": 1078,
    "fr": 998,
    "he": 833,
    "it": 950,
    "nl": 978,
    "pl": 916,
    "pt": 913,
    "ru": 986,
    "sl": 885,
    "sv": 917,
    "tr": 1054,
}
"""Letters a minute by language, for languages with letters of one kind."""
_ALPHABETIC: Final = 882
"""Other alphabetic languages: 68 ms a letter, the mean of 14 languages of that study."""
_SYLLABLE: Final = 370
"""A letter that is a syllable: the mean of all 17 languages is 370 syllables a minute."""
_KANA: Final = 7.84 * 60
"""Japanese; a Han character stands for two syllables."""
_HAN: Final = 5.18 * 60
"""Mandarin; a Han character is a syllable."""

_BY_RANGE: Final = (
    (0x0590, 0x05FF, 833),  # Hebrew: vowels are not written
    (0x0600, 0x08FF, 612),  # Arabic, likewise
    (0x0900, 0x0DFF, 500),  # scripts of India: most letters carry a vowel
    (0x0E00, 0x109F, 600),  # Thai to Burmese: two letters or more are a syllable
    (0x1200, 0x139F, _SYLLABLE),  # Ethiopic
    (0x1780, 0x17FF, 600),  # Khmer
    (0x3040, 0x30FF, _KANA),
    (0x31F0, 0x31FF, _KANA),
    (0x3400, 0x9FFF, _HAN),
    (0xAC00, 0xD7A3, _SYLLABLE),  # Hangul
    (0xF900, 0xFAFF, _HAN),
    (0xFF66, 0xFF9F, _KANA),
    (0x20000, 0x3FFFF, _HAN),
)
"""First and last code point, and letters a minute; other code points are alphabetic."""
_FIRST_OTHER: Final = 0x0590

_QUICKEST: Final = 1.35
"""Factor of the rate of fast readers: no voice is faster at its natural speed."""
_USUAL: Final = 0.8
_SLOWEST: Final = 0.45

_DIGIT: Final = (0.1, 0.35, 0.9)
"""Minimum, typical and maximum seconds: 7 is a word, and so is each digit of a telephone number."""
_SIGN: Final = (0.0, 0.2, 0.9)
"""A sign that may be read out or skipped: ``%``, ``/``."""
_STOP: Final = (0.0, 0.15, 0.8)
"""A comma or full stop: a pause, if any."""
_CAPITAL: Final = 0.6
"""Maximum seconds of a capital letter in an abbreviation, which is spelled."""
_SLACK: Final = (0.0, 0.2, 1.5)
"""Slack of every text: some voices stretch a single word."""


class Estimate(FrozenRecord, frozen=True):
    """Seconds at a voice's natural speed."""

    least: float
    """Lower bound; 0 = nothing to say."""
    typical: float
    most: float
    """Upper bound."""


def estimate(text: str, language: str) -> Estimate:
    """Estimate the speech duration of a text in seconds.

    Args:
        text: as it is given to a voice; numbers may be in digits.
        language: BCP-47 tag; it decides the rate of Han characters, and slightly that of others.
    """
    base = language.partition("-")[0].lower()
    sums = [0.0, 0.0, 0.0]
    before = ""
    for character in text:
        least, typical, most = _seconds(character, base)
        if character.isupper() and before.isupper():
            most = max(most, _CAPITAL)
        sums = [sums[0] + least, sums[1] + typical, sums[2] + most]
        before = character
    if not any(map(str.isalnum, text)):
        return Estimate(0.0, sums[1], sums[2] + _SLACK[2])
    return Estimate(*(total + slack for total, slack in zip(sums, _SLACK, strict=True)))


@functools.lru_cache(maxsize=4096)
def _seconds(character: str, base: str) -> tuple[float, float, float]:
    if character.isalpha():
        second = 60 / _letters_a_minute(character, base)
        return second / _QUICKEST, second / _USUAL, second / _SLOWEST
    if character.isdigit():
        return _DIGIT
    kind = unicodedata.category(character)
    if kind == "Po" and character not in "%&@#/\\*":
        return _STOP
    return _SIGN if kind[0] in "PS" else (0.0, 0.0, 0.0)


def _letters_a_minute(character: str, base: str) -> float:
    code = ord(character)
    if code < _FIRST_OTHER:
        # English words within Japanese are read as letters, too.
        return _IREST.get(base, _ALPHABETIC)
    rate = next((rate for first, last, rate in _BY_RANGE if first <= code <= last), _ALPHABETIC)
    return _KANA / 2 if base == "ja" and rate == _HAN else rate
