"""The end of the first sentence in a text that may still grow.

The scan works on the text as it was written, markup and all, because markup tells where no sentence ends (inside a
code span, a link, a tag). It looks at no character that it does not need: at most the space and one letter after
a Western full stop and nothing after ``。！？`` outside brackets. What it has said once stays true whatever follows;
that is what makes the result independent of how the input was cut (tests/unit/parser/test_boundary.py).
"""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.parser.sentences import spans
from voicestream.workers.parser.sentences.abbreviations import ends_after
from voicestream.workers.text import stops

WINDOW: Final = 1000
"""Characters behind a place within which every open question about it is settled (see the limits in ``spans``)."""
LONGEST_SENTENCE: Final = 2000
"""Characters; what goes on longer is divided at a space, so that memory stays bounded."""

TRIGGER: Final = re.compile(rf"[{stops.ALL}`\[<~$\\]")
"""A text without any of these does not end a sentence."""
_SCAN: Final = re.compile(rf"[{stops.SPACED}]+|[{stops.FULL}]|`+|[\[<~$\\]")
_CERTAIN: Final = re.compile(r"(?<=[a-z])[.!?] [A-Z]")
"""The usual case: this behind a word that is too long for an abbreviation."""
_LONG_WORD: Final = 8
_ALL_CLOSERS: Final = "\"'”’“)]}*_»›"
_CLOSERS: Final = frozenset(_ALL_CLOSERS)
_QUIET_CLOSERS: Final = frozenset("*_")
"""Emphasis says nothing about whether the sentence around it goes on."""
_MARK: Final = re.compile(r"\[\^?[\w-]{1,20}\]|【[^】]{0,60}】")
"""A footnote or citation mark that stands after the full stop of the sentence it belongs to."""
_MARK_LENGTH: Final = 64
_CJK: Final = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60]")
_OPENING: Final = "「『（【《〈“(["
_CLOSING: Final = "」』）】》〉”)]"
_CJK_LOOKBACK: Final = 300
"""Characters in which an opening bracket still counts as open."""
_GOES_ON: Final = frozenset("とっなのにをはがもでやへ、，,;；:：")
"""After 。」 these carry the sentence on: 「はい。」と言った。"""
_WORD_OPENERS: Final = "([{\"'“‘*_`«¿¡<"
_LONGEST_WORD: Final = 40
_BEFORE: Final = 300
"""Characters before a word that are searched for what makes it an abbreviation or an ordinal."""


def find_end(  # noqa: C901 - one loop, a branch a mark
    text: str, start: int = 0, *, final: bool = False, language: str = ""
) -> tuple[int, int]:
    """Find the end of the first sentence.

    Args:
        text: Begins with the sentence; more may follow later unless ``final``.
        start: Where to look from: 0, or what an earlier call on a beginning of this text returned.
        final: Nothing will follow; the end of the text is then not reported as a sentence end.
        language: Of the sentence before this one.

    Returns:
        The index after the sentence, or -1, and the index from which the next call has to look.
    """
    position = start
    size = len(text)
    while (found := _SCAN.search(text, position)) is not None:
        i, j = found.span()
        mark = text[i]
        after: int | None
        ends = False
        if mark in stops.SPACED:
            if _CERTAIN.match(text, i):
                word = i - _LONG_WORD
                if mark != "." or (word >= 0 and text[word:i].isalpha()):
                    return i + 1, i + 1
            after, ends = _after_stop(text, i, j, final=final, language=language)
        elif mark in stops.FULL:
            after, ends = _after_cjk_stop(text, i, final=final)
        elif mark == "<":
            after, ends = spans.end_of_angle(text, i, final=final)
            if ends and after is not None:
                if text[:i].strip():
                    return i, i
                ends = False
        else:
            after = _SPANS[mark](text, i, final=final)
        if after is None:
            return -1, i
        if ends:
            return after, after
        position = after
    return -1, size


def first_sentence(text: str, start: int = 0, *, language: str = "") -> tuple[int, int]:
    """Like ``find_end`` on a growing text, but what is longer than ``LONGEST_SENTENCE`` is divided at a space."""
    if len(text) < LONGEST_SENTENCE + WINDOW:
        end, resume = find_end(text, start, language=language)
        if end <= LONGEST_SENTENCE:
            return end, resume
        return -1, 0
    end, _ = find_end(text[: LONGEST_SENTENCE + WINDOW], start, language=language)
    if 0 <= end <= LONGEST_SENTENCE:
        return end, end
    space = text.rfind(" ", 1, LONGEST_SENTENCE)
    end = space if space > 0 else LONGEST_SENTENCE
    return end, end


def last_end(text: str, start: int = 0, *, language: str = "") -> int:
    """Index after the first sentence of a text to which nothing will be added."""
    if len(text) > LONGEST_SENTENCE + WINDOW:
        return first_sentence(text, start, language=language)[0]
    end, _ = find_end(text, start, final=True, language=language)
    return end if end > 0 else len(text)


_SPANS: Final = {
    "`": spans.end_of_code,
    "[": spans.end_of_brackets,
    "~": spans.end_of_struck,
    "$": spans.end_of_formula,
    "\\": spans.end_of_escape,
}


def _after_stop(text: str, i: int, j: int, *, final: bool, language: str) -> tuple[int | None, bool]:
    """Judge the Western stops in ``text[i:j]``: (index to go on from, whether the sentence ends there)."""
    size = len(text)
    k = j
    while k < size and text[k] in _CLOSERS:
        k += 1
    while k < size and text[k] in "[【":
        mark = _MARK.match(text, k)
        if mark is None:
            if not final and size - k <= _MARK_LENGTH:
                return None, False
            break
        k = mark.end()
    if k == size:
        return (j, False) if final else (None, False)
    following = text[k]
    if not following.isspace():
        run = text[i:j]
        cjk = _CJK.match(following) is not None and (run != "." or (i > 0 and _CJK.match(text[i - 1]) is not None))
        return (k if cjk else j), cjk
    space = k
    while space < size and text[space].isspace():
        space += 1
    if space == size:
        return (j, False) if final else (None, False)
    ends = _ends(text, i, j, k, text[space], language=language)
    return (k if ends else j), ends


def _ends(text: str, i: int, j: int, k: int, following: str, *, language: str) -> bool:
    """Whether the stops ``text[i:j]``, closed by ``text[j:k]`` and followed by space and ``following``, are an end."""
    lower = following.islower()
    if following in ",;:)]}":
        return False
    if lower and not _QUIET_CLOSERS.issuperset(text[j:k]):
        return False
    alone = i == 0 or text[i - 1].isspace()
    if alone and (lower or following in ".!?" or not text[:i].strip()):
        return False
    run = text[i:j]
    if alone or any(mark in run for mark in stops.ASKING):
        return True
    if run != ".":
        return not lower
    begin = i
    while begin > 0 and not text[begin - 1].isspace() and i - begin < _LONGEST_WORD:
        begin -= 1
    word = text[begin:i].lstrip(_WORD_OPENERS).rstrip("`*_\"'")
    before = text[max(0, i - len(word) - _BEFORE) : i - len(word)]
    return not word or ends_after(word, before, following, language=language)


def _after_cjk_stop(text: str, i: int, *, final: bool) -> tuple[int | None, bool]:
    """Judge one of ``。！？｡``: (index to go on from, whether the sentence ends there)."""
    size = len(text)
    depth = _depth(text, i)
    if depth <= 0:
        return i + 1, True
    k = i + 1
    while k < size and text[k] in _CLOSING + '"*_':
        k += 1
    if k == size:
        return (k, False) if final else (None, False)
    if k == i + 1 or _depth(text, k) > 0 or text[k] in _GOES_ON:
        return k, False
    return k, True


def _depth(text: str, end: int) -> int:
    """How many brackets and quotes are open before ``end``."""
    recent = text[max(0, end - _CJK_LOOKBACK) : end]
    opened = sum(map(recent.count, _OPENING))
    if not opened and '"' not in recent:
        return 0
    return opened - sum(map(recent.count, _CLOSING)) + recent.count('"') % 2


def may_be_over(text: str) -> bool:
    """Whether a text after which nothing came for a while can be taken for a whole sentence."""
    shown = text.rstrip()
    bare = shown.rstrip(_ALL_CLOSERS)
    if not bare or bare[-1] not in stops.ALL or shown.count('"') % 2 or shown.count("`") % 2:
        return False
    *before, word = bare.rstrip(stops.ALL)[-_BEFORE:].rsplit(None, 1) or ("",)
    if not word:
        return False
    word = word.lstrip(_WORD_OPENERS)
    if bare.endswith(".") and (not word or word[-1].isdigit() or len(word) == 1):
        return False
    return bare[-1] != "." or ends_after(word, " ".join("".join(before).split()), "A")
