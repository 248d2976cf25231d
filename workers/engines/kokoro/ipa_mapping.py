"""Mapping of the IPA of espeak-ng to the phoneme symbols of Kokoro.

The symbols are those of misaki (its EN_PHONES.md): one letter for each diphthong and affricate, and no length marks in
American English. espeak-ng ties the parts of one sound together (``a^ɪ``), to tell it from two adjacent sounds.
"""

from __future__ import annotations

import re
from typing import Final

TIE: Final = "^"

_LANGUAGE_SWITCH: Final = re.compile(r"\(\^?[a-z][a-z^-]*\)")
"""Language switch of espeak-ng: ``(en)`` … ``(fr)``."""

_RHOTIC: Final = re.compile("ɜː?ɹ?")
_WITHIN_A_WORD: Final = re.compile(r"(?<=\S)ɐ|ɐ(?=\S)")

_COMMON: Final = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "d^ʒ": "ʤ",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "t^ʃ": "ʧ",
    "ə^ʊ": "Q",
    "ɔ^ɪ": "Y",
    "g": "ɡ",
}

_OTHERS: Final = {"d^z": "ʣ", "s^s": "S", "t^s": "ʦ", "-": ""}

_ENGLISH: Final = {
    "ə^l": "ᵊl",
    "ʔn\N{COMBINING VERTICAL LINE BELOW}": "tn",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɬ": "l",
    "ʲ": "",
}

_AMERICAN: Final = {"ɚɹ": "əɹ", "ɚ": "əɹ", "oː": "ɔ", "ɾ": "T", "ʔ": "t", "ː": ""}

_BRITISH: Final = {"e^ə": "ɛː", "i^ə": "ɪə"}


def english(phonetic: str, *, is_british: bool) -> str:
    """Convert tied IPA of English."""
    found = _replaced(_LANGUAGE_SWITCH.sub("", phonetic), _ENGLISH | (_BRITISH if is_british else {}) | _COMMON)
    if not is_british:
        found = _replaced(_RHOTIC.sub("ɜɹ", found), _AMERICAN)
    return _WITHIN_A_WORD.sub("ə", found.replace(TIE, ""))


def other(phonetic: str) -> str:
    """Convert tied IPA of Spanish, French, Hindi, Italian or Portuguese."""
    return _replaced(_LANGUAGE_SWITCH.sub("", phonetic), _COMMON | _OTHERS).replace(TIE, "")


def _replaced(text: str, symbols: dict[str, str]) -> str:
    for old, new in symbols.items():
        text = text.replace(old, new)
    return text
