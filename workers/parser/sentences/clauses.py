"""Dividing a sentence that is too long for the voice engine: at clause edges, never inside a word or a number."""

from __future__ import annotations

import math
import re
from typing import Final

from voicestream.workers.parser.sentences import stops

_EDGES: Final = (
    re.compile(rf"[{stops.SPACED}][\"')\]]*(?=\s)|[{stops.FULL}][」』）]*"),
    re.compile(r"[;:][\"')\]]*(?=\s)|\s(?=[–—(]\s?)|[；：]"),
    re.compile(r",[\"')\]]*(?=\s)|[、，]|[)\]](?=\s)"),
    re.compile(
        r"\s(?=(?:and|or|but|because|which|that|while|when|if|so|then|und|oder|aber|weil|dass|"
        r"y|o|pero|que|porque|et|ou|mais|car)\s)"
    ),
    re.compile(r"\s"),
    re.compile(r"(?<=[\u3041-\u3096])(?=[\u30a1-\u30fa\u3400-\u9fff])"),
    re.compile(r"(?<=[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3])(?=[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3])"),
)
"""Where to divide, best first: stops, then semicolons and dashes, commas, conjunctions, spaces; in scripts without
spaces behind a Japanese particle or ending, and at last between two letters."""
_WEAK: Final = 3
"""Index of the first edge at which nobody would pause: there the pieces are made about equally long."""

_SHORTEST_SHARE: Final = 0.3
"""A first piece shorter than this share of the limit sounds like a stumble: a weaker edge further on is better."""


def divide(text: str, limit: int) -> list[str]:
    """Divide a sentence into pieces of at most ``limit`` characters; 0 = no limit.

    A single word longer than the limit is cut all the same: the engine could not speak it at all.
    """
    pieces: list[str] = []
    while 0 < limit < len(text):
        cut = _best_cut(text, limit)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    if text:
        pieces.append(text)
    return pieces


def _best_cut(text: str, limit: int) -> int:
    shortest = int(limit * _SHORTEST_SHARE)
    fallback = 0
    even = min(limit, math.ceil(len(text) / math.ceil(len(text) / limit)) + limit // 8)
    for rank, edge in enumerate(_EDGES):
        cut = 0
        longest = even if rank >= _WEAK else limit
        for found in edge.finditer(text, 1, limit + 1):
            size = len(text[: found.end()].rstrip())
            if size > limit or (size > longest and cut):
                break
            cut = found.end()
        if cut >= shortest and cut:
            return cut
        fallback = max(fallback, cut)
    return fallback or limit
