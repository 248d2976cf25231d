"""Splitting of long sentences at clause boundaries, never inside a word or a number."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache
from typing import Final

from voicestream.workers.text import stops

_NO_SPACES: Final = r"\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_DIGITS: Final = "〇零一二三四五六七八九十百千万億亿点"

_BOUNDARIES: Final = (
    rf"[{stops.SPACED}][\"')\]]*(?=\s)|[{stops.FULL}][」』）]*",
    r"[;:؛][\"')\]]*(?=\s)|\s(?=[–—(]\s?)|[；：]",
    r"[,،][\"')\]]*(?=\s)|[、，]|[)\]](?=\s)",
    (
        r"\s(?=(?:and|or|but|because|which|that|while|when|if|so|then|und|oder|aber|weil|dass|"
        r"y|o|pero|que|porque|et|ou|mais|car|e|ma|che|perché|mas|en|maar|omdat|dat|és|hogy|mert|ve|ama|çünkü|"
        r"ale|że|ponieważ|protože|když|и|но|что|потому|когда|если|ثم|لأن|لكن|और|लेकिन|क्योंकि|कि)\s)"
        r"|(?=因为|所以|但是|然后|并且|而且|其中|如果|不过|以及|因為|然後|並且|不過)"
    ),
    r"\s",
    r"(?<=[\u3041-\u3096])(?=[\u30a1-\u30fa\u3400-\u9fff])|(?<=[的了])(?=[\u3400-\u9fff])",
    (
        rf"(?<=[{_NO_SPACES}])(?=[{_NO_SPACES}])(?![ーゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮん])"
        rf"(?!(?<=[{_DIGITS}])[{_DIGITS}])"
    ),
)
"""Boundaries, best first: full stops, semicolons and dashes, commas, conjunctions, spaces; in scripts without spaces
after a Japanese particle or ending, a Chinese 的 or 了, and finally between two letters that are no number."""
_FIRST_WITHOUT_PAUSE: Final = 3
"""Index of the first boundary without a pause: from there on, parts have about equal lengths."""

_MIN_SHARE: Final = 0.3
"""Minimum length of the first part, as share of the limit: a shorter one sounds like a stumble."""


def divide(text: str, limit: int) -> list[str]:
    """Split a sentence into non-empty parts of at most ``limit`` characters; 0: no limit.

    A single word longer than the limit is split, too, because the engine could not speak it.
    """
    parts: list[str] = []
    text = text.strip() if 0 < limit < len(text) else text
    while 0 < limit < len(text):
        cut = _best_boundary(text, limit)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    if text:
        parts.append(text)
    return parts


@cache
def _compiled(boundary: str) -> re.Pattern[str]:
    """Compile a boundary when a sentence is too long for the engine: most are not, and all take 6 ms."""
    return re.compile(boundary)


def _best_boundary(text: str, limit: int) -> int:
    minimum = int(limit * _MIN_SHARE)
    fallback = 0
    balanced = min(limit, math.ceil(len(text) / math.ceil(len(text) / limit)) + limit // 8)
    for rank, boundary in enumerate(_BOUNDARIES):
        cut = 0
        maximum = balanced if rank >= _FIRST_WITHOUT_PAUSE else limit
        for found in _compiled(boundary).finditer(text, 1, limit + 1):
            size = len(text[: found.end()].rstrip())
            if size > limit or (size > maximum and cut):
                break
            cut = found.end()
        if cut >= minimum and cut:
            return cut
        fallback = max(fallback, cut)
    return fallback or _between_letters(text, limit)


def _between_letters(text: str, limit: int) -> int:
    """Return the last position up to the limit that does not separate a combining mark from its letter."""
    for cut in range(limit, 0, -1):
        if unicodedata.category(text[cut])[0] != "M":
            return cut
    return limit
