"""Marks in a text: Kokoro makes pauses and tunes of them, and what speaks the words between them must not see them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ALIKE: Final = str.maketrans(
    {
        "。": ". ",
        "．": ". ",
        "、": ", ",
        "，": ", ",
        "！": "! ",
        "？": "? ",
        "：": ": ",
        "；": "; ",
        "\uff61": ". ",
        "\uff64": ", ",
        "।": ". ",
        "॥": ". ",
        "「": " “",
        "『": " “",
        "《": " “",
        "〈": " “",
        "【": " “",
        "«": " “",
        "„": " “",
        "」": "” ",
        "』": "” ",
        "》": "” ",
        "〉": "” ",
        "】": "” ",
        "»": "” ",
        "（": " (",
        "[": " (",
        "{": " (",
        "）": ") ",
        "]": ") ",
        "}": ") ",
        "・": " ",
        "～": "—",
        "〜": "—",
        "–": "—",
        "―": "—",
        "‘": "'",
        "’": "'",
        "¡": " ",
        "¿": " ",
    }
)
"""What the network has no symbol for, and the nearest that it has."""

_DASH: Final = re.compile(r"\s+-+\s+")

_MARKS: Final = re.compile(r"\s*(?:[…—\"“”()]|[;:,.!?](?!\w))+\s*")
"""A stop or comma within a word or number is part of it."""


def split(text: str) -> list[tuple[str, str]]:
    """Pairs of a stretch without marks and the marks that follow it, with the spaces around them; each may be empty."""
    plain = _DASH.sub(" — ", unicodedata.normalize("NFC", text).translate(_ALIKE)).replace("...", "…")
    pairs: list[tuple[str, str]] = []
    begin = 0
    for found in _MARKS.finditer(plain):
        pairs.append((plain[begin : found.start()].strip(), " ".join(f"|{found[0]}|".split()).strip("|")))
        begin = found.end()
    return [*pairs, (plain[begin:].strip(), "")]
