"""Asterisks that mean emphasis, told from asterisks that mean themselves (``*.py``, ``2 * 3``, ``foo*``).

Underscores are not looked at here: at the edge of a word they are never spoken, inside it they are a space.
"""

from __future__ import annotations

from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex

_RUN: Final = lazy_regex(r"\*+")
_SIMPLE: Final = lazy_regex(
    r"(?<![\w*/\ue000-\uf8ff])(\*{1,3})([\w\ue000-\uf8ff][^*]*(?<=[\w.!?:,;)\"'\ue000-\uf8ff]))\1(?![\w*/])"
)
"""The usual case: one word or phrase, marked on both sides."""
_STRONG: Final = 2


def strip_emphasis(text: str, *, is_open: bool) -> tuple[str, bool]:
    """Take emphasis out of one sentence.

    Emphasis may begin in one sentence and end in a later one, so an unpaired mark goes too when it looks the part.

    Args:
        text: A sentence without code spans, links and escapes.
        is_open: An earlier sentence of the paragraph left emphasis open.

    Returns:
        The sentence, and whether emphasis is open behind it.
    """
    text = _SIMPLE.sub(lambda found: found[2], text)
    if "*" not in text:
        return text, is_open
    drop: list[tuple[int, int]] = []
    openers: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        span = run.span()
        can_open, can_close = _flanks(text, *span)
        if can_close and openers:
            drop.extend((openers.pop(), span))
        elif can_close and not can_open:
            if is_open or span[1] - span[0] >= _STRONG or text[span[0] - 1] in ".!?:,;)\"'。！？":
                drop.append(span)
                is_open = False
        elif can_open:
            openers.append(span)
    for start, end in openers:
        following = text[end]
        if following.isalnum() or "\ue000" <= following <= "\uf8ff" or (end - start >= _STRONG and following != "."):
            drop.append((start, end))
            is_open = True
    for start, end in sorted(drop, reverse=True):
        text = text[:start] + text[end:]
    return text, is_open


def _flanks(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Return whether the asterisks ``text[start:end]`` can open and can close emphasis (stricter than CommonMark)."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if "/" in (before, after):
        return False, False  # part of a path
    if _is_plain(before) and _is_plain(after):
        strong = end - start >= _STRONG and not before.isdigit() and not after.isdigit()
        return strong, strong
    left = not after.isspace() and (_is_word(after) or not _is_word(before))
    right = not before.isspace() and (_is_word(before) or not _is_word(after))
    if left and after == "." and before.isspace():
        left = False  # *.py
    return left, right


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_word(character: str) -> bool:
    return character.isalnum() or "\ue000" <= character <= "\uf8ff"
