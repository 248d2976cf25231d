"""Check that protected words are in the translation."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.translation.quality.pair import Pair

_SHORT: Final = 4
"""Length below which a word must be separate, or plural: ``PR`` is not in ``PRoblem``."""


def missing_words(translation: str, protected: Sequence[str]) -> list[str]:
    """Return the protected words that are missing in a translation."""
    text = _spaced(translation)
    return [word for word in protected if word.strip() and not _stands_in(_spaced(word), text)]


def missing_word(pair: Pair, protected: Sequence[str]) -> str:
    """Check for a missing protected word.

    Case is ignored, because the sentence may begin with the word, and the translation is spoken. Spaces are ignored for
    Japanese. A longer word may have up to three more letters: Turkish, Finnish and Hungarian attach endings to it.
    """
    missing = missing_words(pair.translation, protected) if protected else []
    return f'"{missing[0]}" is missing' if missing else ""


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _stands_in(word: str, text: str) -> bool:
    phrase = r"\s*".join(map(re.escape, word.split()))
    if word.isascii():
        before = r"(?<![a-z0-9_])" if word[0].isalnum() else ""
        after = (r"s?(?![a-z0-9_])" if len(word) < _SHORT else r"(?![a-z0-9_]{4})(?!\d)") if word[-1].isalnum() else ""
        phrase = f"{before}{phrase}{after}"
    return re.search(phrase, text) is not None
