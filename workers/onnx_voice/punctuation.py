"""Punctuation of a text, which networks use for pauses and intonation, separated from its words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NEAREST: Final = str.maketrans(
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
"""Nearest symbol of the network for punctuation that it does not have."""

_DASH: Final = re.compile(r"\s+-+\s+")

_CLOSING: Final = ";:,.!?…”)"
"""Marks that are followed by a space."""

_MARKS: Final = re.compile(r"\s*(?:[…—\"“”()]|[;:,.!?](?![0-9A-Za-z_]))+\s*")
"""Marks; a period or comma between letters or digits belongs to the word."""


def split(text: str) -> list[tuple[str, str]]:
    """Split a text into pairs of words without punctuation and the punctuation that follows them."""
    plain = _DASH.sub(" — ", unicodedata.normalize("NFC", text).translate(_NEAREST)).replace("...", "…")
    pairs: list[tuple[str, str]] = []
    start = 0
    for found in _MARKS.finditer(plain):
        mark = " ".join(f"|{found[0]}|".split()).strip("|")
        if mark[-1] in _CLOSING:
            mark += " "
        pairs.append((plain[start : found.start()].strip(), mark))
        start = found.end()
    return [*pairs, (plain[start:].strip(), "")]
