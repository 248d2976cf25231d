"""Whether the words came back that must."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.translation.quality.pair import Pair

_SHORT: Final = 4
"""A shorter word must stand alone, or in the plural: ``PR`` is not in ``PRoblem``."""


def missing_word(pair: Pair, protected: Sequence[str]) -> str:
    """A protected word that is not in the translation.

    Case does not matter: a sentence may begin with the word now, and it is heard, not read. Spaces do not matter:
    Japanese has none. Up to three letters may be added to a longer word: Turkish, Finnish and Hungarian write their
    endings onto it.
    """
    if not protected:
        return ""
    text = " ".join(pair.translation.casefold().split())
    for word in protected:
        if word.strip() and not _stands_in(" ".join(_plain(word).split()), text):
            return f'"{word}" is missing'
    return ""


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()


def _stands_in(word: str, text: str) -> bool:
    phrase = r"\s*".join(map(re.escape, word.split()))
    if word.isascii():
        before = r"(?<![a-z0-9_])" if word[0].isalnum() else ""
        after = (r"s?(?![a-z0-9_])" if len(word) < _SHORT else r"(?![a-z0-9_]{4})(?!\d)") if word[-1].isalnum() else ""
        phrase = f"{before}{phrase}{after}"
    return re.search(phrase, text) is not None
