"""The last steps of a sentence: symbols that are not words, plain quotes, single spaces, a stop at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.text import stops

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_EMOJI_SET: Final = (
    "\u200d\ufe0e\ufe0f\u20e3\u231a\u231b\u23e9-\u23fa\u2500-\u25ff\u2600-\u2775\u2794-\u27bf\u2b00-\u2bff"
    "\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
)
_EMOJI: Final = re.compile(f"[{_EMOJI_SET}]+")
_FAILED: Final = "❌✗✘❎✖"
_WARNING: Final = "⚠"
_LEADING_SIGN: Final = re.compile(rf"[^\w{_FAILED}{_WARNING}]*([{_FAILED}{_WARNING}])")
_LINE_SIGN: Final = re.compile(r"[☐☑✅❌⚠✓✔✗✘❎✖•‣◦▪●○◆➤➜▶►★☆🔴🟠🟡🟢🔵⚪⚫🚀🎉💡📝🔧🐛📌🔥✨]")
"""Signs that open a line of their own where they stand first."""

_QUOTES: Final = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "′": "'"}
)
_BEFORE_MARK: Final = re.compile(r" +([,.;:!?…](?=[\s\"')\]]|\Z))")
_EMPTY_PAIR: Final = re.compile(r"\(\s*\)|\[\s*\]|\"\s*\"(?=\s|\Z)")
_DECORATION: Final = re.compile(r"={3,}|-{3,}|#{3,}|\+{3,}|~{3,}|\^{3,}|(?<!\S)#{1,2}(?!\S)|(?<!\S)\|+(?=\s*\Z)")
_LEADING_NOISE: Final = re.compile(r"(?:[\s,;:、，；：。|]+|[-–—+](?=\s)|[.!?…]+(?=\s)|[>\]})](?=\s))+")
_CLOSERS: Final = "\"')]}»›」』）】》〉"
_WEAK: Final = ":;,-–—：；，、"
_CJK: Final = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff10-\uff9f]")


def opens_a_line(line: str) -> bool:
    """Whether a line begins with a sign that makes it an item of its own (✅ ⚠ •)."""
    return _LINE_SIGN.match(line) is not None


def leading_word(text: str, words: Phrases) -> str:
    """What a sign at the beginning stands for: without ❌ the sentence would say the opposite."""
    sign = _LEADING_SIGN.match(text)
    if sign is None:
        return ""
    word = words.failed if sign[1] in _FAILED else words.warning
    rest = text[sign.end() :].lstrip(" \ufe0f*_`")
    return "" if rest.lower().startswith(word.lower()) else word


def strip_emoji(text: str) -> str:
    """Take emoji and box drawing out."""
    return _EMOJI.sub(" ", text)


def strip_decoration(text: str) -> str:
    """Take out runs of signs that only draw a line."""
    return _DECORATION.sub(" ", text)


def plain_quotes(text: str) -> str:
    """Curly quotes as straight ones: matching, glossaries and phonemisers need one form."""
    return text.translate(_QUOTES)


def tidy(text: str, *, dropped: bool) -> str:
    """Single spaces; and where pieces were dropped, none before a mark, and no empty pairs."""
    if dropped:
        text = _EMPTY_PAIR.sub(" ", text)
    text = " ".join(text.split())
    if dropped:
        text = _BEFORE_MARK.sub(r"\1", text)
    noise = _LEADING_NOISE.match(text)
    return text[noise.end() :] if noise else text


def has_words(text: str) -> bool:
    """Whether there is anything to say."""
    return any(map(str.isalnum, text))


def close(text: str) -> str:
    """End a sentence with a stop: a weak mark at its end becomes one, a missing one is added."""
    core = text.rstrip(_CLOSERS)
    if core[-1:] in stops.ALL and core:
        return text
    closers = text[len(core) :]
    bare = text.rstrip() if closers else core.rstrip(_WEAK + " ")
    last = bare.rstrip(_CLOSERS)[-1:]
    if last and last in stops.ALL:
        return bare
    return bare + ("。" if _CJK.match(last) else ".")
