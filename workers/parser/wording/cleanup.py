"""The last steps of a sentence: symbols that are not words, plain quotes, single spaces, a stop at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.sentences.emoji import EMOJI
from voicestream.workers.text import stops
from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.ranges import is_in

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_EMOJI: Final = lazy_regex(f"[{EMOJI}\u2500-\u25ff]+")
_FAILED: Final = "❌✗✘❎✖"
_WARNING: Final = "⚠"
_LEADING_SIGN: Final = lazy_regex(rf"[^\w{_FAILED}{_WARNING}]*([{_FAILED}{_WARNING}])")
_LINE_SIGN: Final = lazy_regex(f"[{EMOJI}\u25a0-\u25ff]")
"""Signs that open a line of their own where they stand first."""

_PASSED: Final = "✅✔☑"
_CHECK: Final = lazy_regex(rf"(?<=[,;:(，、：；])\s*([{_PASSED}{_FAILED}])\ufe0f?\s*(?=[\w`*])")
"""Result in front of one of several checks: ``CI: ✅ lint, ❌ e2e``."""
_FAILED_CHECK: Final = lazy_regex(rf"[,;:(，、：；]\s*[{_FAILED}]")
_SHORT_CODE: Final = lazy_regex(r"\s?(?<![^\s(]):(?:[+-]1|[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*):(?!\w)")
"""Emoji by its name: ``:tada:``."""

_LABEL: Final = lazy_regex(r"[*_ ]{0,4}[^\W\d_]{2,20}(?: [^\W\d_]{1,20})?[*_]{0,3} ?[:：]")
_FAILURE: Final = lazy_regex(
    r"(?:fail(?:ed|ure|ures|s|ing)?|errors?|fehler|fehlgeschlagen|erreurs?|échec|échoué|falló|fallo|falha|falhou"
    r"|fallito|error(?:es|e|i)|błąd|ошибка|失敗|エラー|失败|错误)(?![^\W\d_])",
    re.IGNORECASE,
)
"""Words that say themselves what a cross stands for."""

_QUOTES: Final = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "′": "'"}
)
_BEFORE_MARK: Final = lazy_regex(r" +([,.;:!?…](?=[\s\"')\]]|\Z)|[。，、！？；：）」』])")
_EMPTY_PAIR: Final = lazy_regex(r"\(\s*\)|\[\s*\]|\"\s*\"(?=\s|\Z)")
_DECORATION: Final = lazy_regex(r"={3,}|-{3,}|#{3,}|\+{3,}|~{3,}|\^{3,}|(?<!\S)#{1,2}(?!\S)|(?<!\S)\|+(?=\s*\Z)")
_LEADING_NOISE: Final = lazy_regex(r"(?:[\s,;:、，；：。|]+|[-–—+](?=\s)|[.!?…]+(?=\s)|[>\]})](?=\s))+")
_CLOSERS: Final = "\"')]}»›」』）】》〉"
_WIDE_CLOSERS: Final = tuple("」』）】》〉")
_WEAK: Final = ":;,-–—：；，、"
_CJK: Final = (("\u3005", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\uff10", "\uff9f"))


def opens_a_line(line: str) -> bool:
    """Return whether a line begins with a sign that makes it an item of its own (✅ ⚠ •)."""
    return _LINE_SIGN.match(line) is not None


def leading_word(text: str, words: Phrases) -> str:
    """The word for a sign at the beginning: without ❌ the sentence would say the opposite. One label is enough."""
    sign = _LEADING_SIGN.match(text)
    if sign is None:
        return ""
    word = words.failed if sign[1] in _FAILED else words.warning
    rest = text[sign.end() :].lstrip(" \ufe0f*_`")
    if rest.lower().startswith(word.lower()):
        return ""
    is_said = _FAILURE.match(rest) is not None if sign[1] in _FAILED else has_label(rest)
    return "" if is_said else word


def say_checks(text: str, words: Phrases) -> str:
    """Say the results of several checks, if one of them failed: without the cross it would have passed."""
    if _FAILED_CHECK.search(text) is None:
        return text
    return _CHECK.sub(lambda sign: f" {words.not_passed if sign[1] in _FAILED else words.passed} ", text)


def has_label(text: str) -> bool:
    """Return whether a text begins with a label of its own: ``Caution: …``."""
    return _LABEL.match(text) is not None


def strip_emoji(text: str) -> str:
    """Take emoji and box drawing out."""
    return _EMOJI.sub(" ", text)


def strip_short_codes(text: str) -> str:
    """Take the names of emoji out: ``:tada:``."""
    return _SHORT_CODE.sub("", text)


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
    """Return whether there is anything to say."""
    return any(map(str.isalnum, text))


def close(text: str) -> str:
    """End a sentence with a stop: a weak mark at its end becomes one, a missing one is added."""
    core = text.rstrip(_CLOSERS)
    if text[len(core) : len(core) + 1] in ("»", "›") and core:
        core = core.rstrip()  # French quotes stand behind a space
    if core and core[-1] in stops.ALL:
        return text
    closers = text[len(core) :].strip()
    bare = text.rstrip() if closers else core.rstrip(_WEAK + " ")
    last = bare.rstrip(_CLOSERS)[-1:]
    if last and last in stops.ALL:
        return bare
    is_wide = is_in(_CJK, last) or closers[-1:] in _WIDE_CLOSERS
    return bare + ("。" if is_wide else ".")
