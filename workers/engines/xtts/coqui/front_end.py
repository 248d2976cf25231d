"""Escaping of text for the front-end of coqui-tts, which expands abbreviations and respells Japanese."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.engines.xtts.languages import code

_ABBREVIATIONS: Final = {
    "cs": "dr ing p",
    "de": "fr dr st co jr",
    "en": "mrs mr dr st co jr maj gen drs rev lt hon sgt capt esq ltd col ft",
    "es": "sra sr dr dra st co jr ltd",
    "fr": "mme mr dr st co jr ltd",
    "hu": "dr b nőv",
    "it": "sig dr st co jr ltd",
    "nl": "dhr mevr dr jhr",
    "pl": "p m dr sw jr",
    "pt": "sra sr dr dra st co jr ltd",
    "tr": "b byk dr",
}
"""By XTTS code: words that coqui expands as titles before any period; "Plan B." becomes "Plan Mister" in Turkish."""
_MISREAD_LOANWORDS: Final = {"メガバイト": "megabyte", "テラバイト": "terabyte", "ペタバイト": "petabyte"}
"""Loanwords that cutlet romanizes wrongly: it takes "byte" in them for German "Arbeit"."""
_WITH_CAPITAL_I: Final = re.compile(r"\w*I\w*")
_TURKISH: Final = frozenset("çğıöşüÇĞİÖŞÜ")


def guard_text(text: str, language: str) -> str:
    """Return a text that the front-end of coqui-tts does not change; call it after text normalization.

    Args:
        text: at most ``max_characters``; the result is at most one character longer.
        language: BCP-47 tag of the text.
    """
    known = code(language)
    if known == "ja":
        for wrong, right in _MISREAD_LOANWORDS.items():
            text = text.replace(wrong, right)
        return text
    if known == "tr" and "I" in text:
        text = _WITH_CAPITAL_I.sub(_dotless, text)
    pattern = _title_at_end(known) if known in _ABBREVIATIONS else None
    # A title cannot end a sentence.
    return pattern.sub(" .", text) if pattern is not None else text


def _dotless(found: re.Match[str]) -> str:
    """Lowercase I as ı in Turkish words, where coqui would use i; not in words such as API."""
    return found[0] if _TURKISH.isdisjoint(found[0]) else found[0].replace("I", "ı")


@functools.cache
def _title_at_end(known: str) -> re.Pattern[str]:
    names = "|".join(rf"(?<=\b{name})" for name in _ABBREVIATIONS[known].split())
    return re.compile(rf"(?:{names})\.\Z", re.IGNORECASE)
