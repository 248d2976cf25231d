"""The end of the first sentence in a text that may still grow.

The scan works on the text as it was written, markup and all, because markup tells where no sentence ends (inside a
code span, a link, a tag). It looks at no character that it does not need: at most the space and one letter after
a Western full stop and nothing after ``。！？`` outside brackets. What it has said once stays true whatever follows;
that is what makes the result independent of how the input was cut (tests/unit/parser/test_boundary.py).
"""

from __future__ import annotations

from typing import Final

from voicestream.workers.parser.sentences import openers, spans
from voicestream.workers.parser.sentences.abbreviations import ends_after
from voicestream.workers.parser.sentences.emoji import EMOJI, FEELINGS, MEANINGFUL
from voicestream.workers.text import stops
from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.ranges import is_in

WINDOW: Final = 1000
"""Characters behind a place within which every open question about it is settled (see the limits in ``spans``)."""
LONGEST_SENTENCE: Final = 2000
"""Characters; what goes on longer is divided at a space, so that memory stays bounded."""

TRIGGER: Final = lazy_regex(rf"[{stops.ALL}`\[<~$\\:{FEELINGS}]")
"""A text without any of these does not end a sentence."""
ASCII_TRIGGER: Final = lazy_regex(r"[.!?`\[<~$\\:]")
"""The same in a text of ASCII, which is searched faster."""
_RUN: Final = lazy_regex(rf"[{stops.SPACED}]+|[{FEELINGS}][{EMOJI}]*+")
_CERTAIN: Final = lazy_regex(r"(?<=[a-z])[.!?] [A-Z]")
"""The usual case: this behind a word that is too long for an abbreviation."""
_LONG_WORD: Final = 8
_ALL_CLOSERS: Final = "\"'”’“)]}*_»›"
_QUIET_CLOSERS: Final = frozenset("*_=")
"""Emphasis says nothing about whether the sentence around it goes on."""
_BEHIND: Final = lazy_regex(rf"(?:[\"'”’“)\]}}*_»›]|==|(?![{MEANINGFUL}])[{EMOJI}])*+")
"""Closing marks and emoji directly behind a stop, which belong to its sentence."""
_EMOJI: Final = lazy_regex(f"[{EMOJI}]")
_CLOSING_TAG: Final = lazy_regex(r"</[A-Za-z][\w.:-]{0,58}>")
_TAG_LENGTH: Final = 64
_MEANINGFUL: Final = frozenset(MEANINGFUL)
_MARK: Final = lazy_regex(
    r"\[\^?[\w-]{1,20}\](?:\([^()\s]{1,200}\))?|\[\[\^?\d{1,3}\]\](?:\([^()\s]{1,200}\))?|【[^】]{0,60}】"
)
"""A footnote or citation mark that stands after the full stop of the sentence it belongs to."""
_MARK_LENGTH: Final = 230
_CJK: Final = (("\u3005", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\uff01", "\uff60"))
_OPENING: Final = "「『（【《〈“(["
_CLOSING: Final = "」』）】》〉”)]"
_CJK_LOOKBACK: Final = 300
"""Characters in which an opening bracket still counts as open."""
_GOES_ON: Final = frozenset("とっなのにをはがもでやへ、，,;；:：")
"""After 。」 these carry the sentence on: 「はい。」と言った。"""
_WORD_OPENERS: Final = "([{\"'“‘*_`«¿¡<"
_LONGEST_WORD: Final = 40
_ANNOUNCED: Final = 2
"""Spaces before a colon that ends a sentence; fewer make it the colon of a label."""
_CLAUSE_MARKS: Final = frozenset("。！？，、；：（「『【《〈")
_FIRST_EMOJI: Final = "\u2600"
"""Emoji that end a clause, and no other mark that is looked for, are at or behind this character."""
_BEFORE: Final = 300
"""Characters before a word that are searched for what makes it an abbreviation or an ordinal."""


def find_end(  # noqa: C901, PLR0912 - one loop, a branch a mark
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
    search = (ASCII_TRIGGER if text.isascii() else TRIGGER).search
    while (found := search(text, position)) is not None:
        i = found.start()
        mark = text[i]
        after: int | None
        ends = False
        if mark in stops.SPACED:
            if _CERTAIN.match(text, i):
                word = i - _LONG_WORD
                if mark != "." or (word >= 0 and text[word:i].isalpha()):
                    return i + 1, i + 1
            j = _end_of_run(text, i)
            after, ends = _after_stop(text, i, j, final=final, language=language)
        elif mark in stops.FULL:
            after, ends = _after_cjk_stop(text, i, final=final)
        elif mark == ":":
            after, ends = _after_colon(text, i, final=final)
        elif mark >= _FIRST_EMOJI:
            after, ends = _after_emoji(text, i, _end_of_run(text, i), final=final)
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


def _end_of_run(text: str, i: int) -> int:
    """Index after the stops or emoji that begin at ``i``."""
    if text[i + 1 : i + 2] == " ":
        return i + 1
    run = _RUN.match(text, i)
    return run.end() if run else i + 1


def _after_stop(  # noqa: C901, PLR0911 - one question after another
    text: str, i: int, j: int, *, final: bool, language: str, quoted: bool = False
) -> tuple[int | None, bool]:
    """Judge the Western stops in ``text[i:j]``: (index to go on from, whether the sentence ends there).

    ``quoted``: a quote that closes behind a space is part of ``text[i:j]``.
    """
    size = len(text)
    k: int | None = j
    if j < size and text[j] != " ":
        k = _end_of_closers(text, i, j, final=final)
    if k is None:
        return None, False
    if k == size:
        return (j, False) if final else (None, False)
    following = text[k]
    if not following.isspace():
        return _without_space(text, i, j, k, final=final)
    space = k + 1
    while space < size and text[space].isspace():
        space += 1
    if space == size:
        return (j, False) if final else (None, False)
    if not quoted and text[space] in "»›”":  # behind a space it closes in French, and opens in German
        if space + 1 == size and not final:
            return None, False
        if not text[space + 1 : space + 2].isalnum():
            behind, ends = _after_stop(text, i, space + 1, final=final, language=language, quoted=True)
            return (None if behind is None else max(behind, j)), ends
    is_end = _ends(text, i, j, k, space, final=final, language=language)
    if is_end is None:
        return None, False
    return (k if is_end else j), is_end


def _end_of_closers(text: str, i: int, j: int, *, final: bool) -> int | None:
    """Index after the closing marks, emoji and citations behind the stops ``text[i:j]``; None: more is needed."""
    size = len(text)
    behind = _BEHIND.match(text, j)
    k = behind.end() if behind else j
    if k > j and text.find("==", j, k) >= 0 and not text[i - 1 : i].isalnum():
        k = j  # an operator
    if not final and k + 1 == size and text[k] == "=":
        return None
    while k < size and text[k] in "[【":
        mark = _MARK.match(text, k)
        if not final and size - k <= _MARK_LENGTH and (mark is None or mark.end() == size or text[mark.end()] == "("):
            return None
        if mark is None:
            break
        k = mark.end()
    while k < size and text[k] == "<" and (k + 1 == size or text[k + 1] == "/"):
        tag = _CLOSING_TAG.match(text, k)
        if tag is None:
            return None if not final and size - k < _TAG_LENGTH and text.find(">", k) < 0 else k
        k = tag.end()
    return k


def _without_space(text: str, i: int, j: int, k: int, *, final: bool) -> tuple[int | None, bool]:
    """Judge the stops ``text[i:j]``, closed by ``text[j:k]``, where no space follows."""
    following = text[k]
    if following in _MEANINGFUL or (k > j and following.isalnum() and _EMOJI.search(text, j, k)):
        return k, True
    if k > j and text[k - 1] == ">" and (following == "<" or following.isupper()):
        return k, True
    run = text[i:j]
    cjk = is_in(_CJK, following) and (run != "." or (i > 0 and is_in(_CJK, text[i - 1])))
    if cjk or not following.isupper():
        return (k if cjk else j), cjk
    asks = any(mark in run for mark in stops.ASKING)
    glued = _is_glued(text, i, k, asks=asks, final=final)
    if glued is None:
        return None, False
    return (k if glued else j), glued


def _is_glued(text: str, i: int, k: int, *, asks: bool, final: bool) -> bool | None:
    """Return whether a space is missing between two sentences, of which one ends at ``i`` and one begins at ``k``.

    After a question or exclamation mark there is no other reading; after others only a word that opens sentences tells
    a sentence from a name of code.
    """
    begin = i
    while begin > 0 and not text[begin - 1].isspace() and i - begin < _LONGEST_WORD:
        begin -= 1
    before = text[begin:i].strip(_WORD_OPENERS + _ALL_CLOSERS)
    if not before.replace("'", "").replace("’", "").replace("-", "").isalpha() or (
        not asks and not before[-1].islower()
    ):
        return False
    word = openers.first_word(text[k : k + openers.LONGEST + 2], final=final)
    if word is None:
        return None
    after = text[k + len(word) : k + len(word) + 1]
    if after and not after.isspace() and after not in ",'’:*" + ".!?;" * asks:
        return False
    is_name = before[0].isupper() and len(before) > 1
    return asks or (word.lower() in openers.AFTER_A_NAME if is_name else openers.is_opener(word))


def _after_colon(text: str, i: int, *, final: bool) -> tuple[int | None, bool]:
    """Judge a colon before a capital: some models leave out the space between what they announce and the next text."""
    if i + 1 == len(text):
        return (i + 1, False) if final else (None, False)
    if not text[i + 1].isupper() or not (text[i - 1 : i].islower() or text[i - 1 : i] in (")", "`")):
        return i + 1, False
    if text[max(0, i - _BEFORE) : i].count(" ") < _ANNOUNCED:
        return i + 1, False
    glued = _is_glued(text, i, i + 1, asks=False, final=final)
    return (None if glued is None else i + 1), bool(glued)


def _after_emoji(text: str, i: int, j: int, *, final: bool) -> tuple[int | None, bool]:
    """Judge the emoji in ``text[i:j]``: behind a Chinese or Japanese clause they stand for its stop."""
    if i == 0 or not is_in(_CJK, text[i - 1]) or text[i - 1] in _CLAUSE_MARKS:
        return j, False
    space = j
    while space < len(text) and text[space].isspace():
        space += 1
    if space == len(text):
        return (j, False) if final else (None, False)
    following = text[space]
    if not following.isalnum() or following in _GOES_ON:
        return j, False
    return (i if text[i] in _MEANINGFUL else j), True


def _ends(text: str, i: int, j: int, k: int, space: int, *, final: bool, language: str) -> bool | None:  # noqa: PLR0911 - one question after another
    """Return whether the stops ``text[i:j]`` are an end: closed by ``text[j:k]``, and more words from ``space`` on.

    None: more is needed to be sure.
    """
    following = text[space]
    if following in ",;:)]}":
        return False
    lower = following.islower()
    if k > j and lower and not _QUIET_CLOSERS.issuperset(text[j:k]) and not _EMOJI.search(text, j, k):
        return False
    alone = i == 0 or text[i - 1].isspace()
    if alone and (lower or following in ".!?" or not text[:i].strip()):
        return False
    run = text[i:j]
    if alone or any(mark in run for mark in stops.ASKING):
        return True
    if run != ".":
        return not lower
    word = text[max(0, i - _LONGEST_WORD) : i].rsplit(None, 1)[-1].lstrip(_WORD_OPENERS).rstrip("`*_\"'")
    if not word:
        return True
    before = text[max(0, i - len(word) - _BEFORE) : i - len(word)]
    return ends_after(word, before, text[space : space + openers.LONGEST + 2], language=language, final=final)


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
    """The number of brackets and quotes that are open before ``end``."""
    recent = text[max(0, end - _CJK_LOOKBACK) : end]
    opened = sum(map(recent.count, _OPENING))
    if not opened and '"' not in recent:
        return 0
    return opened - sum(map(recent.count, _CLOSING)) + recent.count('"') % 2


def may_be_over(text: str) -> bool:
    """Return whether a text after which nothing came for a while can be taken for a whole sentence."""
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
    return bare[-1] != "." or bool(ends_after(word, " ".join("".join(before).split()), "A"))
