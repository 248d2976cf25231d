"""Keeps coqui's own front-end from changing what is said: it expands abbreviations, and respells Japanese."""

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
"""By XTTS' code: what coqui takes for a title wherever a stop follows. Plan B. is Plan Mister in Turkish then."""
_RESPELLED: Final = {"メガバイト": "megabyte", "テラバイト": "terabyte", "ペタバイト": "petabyte"}
"""Cutlet writes loanwords as in their own language, and takes the byte in these for German Arbeit."""
_WITH_CAPITAL_I: Final = re.compile(r"\w*I\w*")
_TURKISH: Final = frozenset("çğıöşüÇĞİÖŞÜ")


def guarded(text: str, language: str) -> str:
    """A text that coqui's front-end leaves as it is; to be called with what ``spoken.words`` made.

    Args:
        text: one piece, not longer than ``max_characters``; at most one character is added, in Japanese some go.
        language: BCP-47 tag of the text.
    """
    known = code(language)
    if known == "ja":
        for wrong, right in _RESPELLED.items():
            text = text.replace(wrong, right)
        return text
    if known == "tr" and "I" in text:
        text = _WITH_CAPITAL_I.sub(_dotless, text)
    pattern = _at_the_end(known) if known in _ABBREVIATIONS else None
    # No title ends a sentence.
    return pattern.sub(" .", text) if pattern is not None else text


def _dotless(found: re.Match[str]) -> str:
    """Coqui's small letter of I is i; in a Turkish word, which API is not, it is ı."""
    return found[0] if _TURKISH.isdisjoint(found[0]) else found[0].replace("I", "ı")


@functools.cache
def _at_the_end(known: str) -> re.Pattern[str]:
    names = "|".join(rf"(?<=\b{name})" for name in _ABBREVIATIONS[known].split())
    return re.compile(rf"(?:{names})\.\Z", re.IGNORECASE)
