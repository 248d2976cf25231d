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

_CLOSING: Final = ";:,.!?…”)"
"""Behind these there is a space, also where the text has none."""

_MARKS: Final = re.compile(r"\s*(?:[…—\"“”()]|[;:,.!?](?![0-9A-Za-z_]))+\s*")
"""A stop or comma within a word or number is part of it; in scripts without spaces it is none."""


def split(text: str) -> list[tuple[str, str]]:
    """Pairs of a stretch without marks and the marks that follow it, with the spaces that belong to them."""
    plain = _DASH.sub(" — ", unicodedata.normalize("NFC", text).translate(_ALIKE)).replace("...", "…")
    pairs: list[tuple[str, str]] = []
    begin = 0
    for found in _MARKS.finditer(plain):
        mark = " ".join(f"|{found[0]}|".split()).strip("|")
        if mark[-1] in _CLOSING:
            mark += " "
        pairs.append((plain[begin : found.start()].strip(), mark))
        begin = found.end()
    return [*pairs, (plain[begin:].strip(), "")]
