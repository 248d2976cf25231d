"""Wording of one sentence: from its written to its spoken form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.markdown import inline
from voicestream.workers.parser.markdown.callouts import ALERT
from voicestream.workers.parser.markdown.emphasis import strip_emphasis
from voicestream.workers.parser.wording import cleanup, words
from voicestream.workers.parser.wording.phrases import phrases
from voicestream.workers.parser.wording.secrets import may_hold_a_word_for_one, redact
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_SPECIAL: Final = frozenset("`*_~[]<>\\$&/@#%=|{}+^:-\t")
"""Characters at which something may have to be done; most sentences have none and are said as they are written."""
_MARKUP: Final = frozenset("`\\$[<~&【")
_DECORATION: Final = frozenset("=-#+~^|")
_SIMPLE_MARKS: Final = lazy_regex(
    r"`([A-Za-z][A-Za-z0-9.]{0,10})`|(?<![\w*/`])\*\*(\w[^*`]*+(?<=[\w.!?:,;)]))\*\*(?![\w*/`])", re.ASCII
)
"""A short word in code, a phrase in bold: the usual marks, which leave a sentence without any."""
_ATTACHED: Final = lazy_regex(r"\w\(|\(\)|\(L\d")
_LONG_WORD: Final = 12
"""Letters from which a word may be a hash or a key."""
_PLACEHOLDER: Final = lazy_regex(r"[(\[]no content[)\]]|\[request interrupted by user[^\]]*\]", re.IGNORECASE)
"""Written where a message has no words."""
_GAPS: Final = frozenset("[<~$【")
"""Something may be dropped that leaves a gap: marks, tags, struck-through text; emoji too."""
_EMOJI_FROM: Final = "\u2310"


def to_speech(text: str, language: str, *, is_open: bool = False) -> tuple[str, bool]:
    """Make a sentence speakable.

    Args:
        text: The sentence as it was written, without the marks that open a line.
        language: What it is written in, for the words that are inserted.
        is_open: Emphasis began in an earlier sentence of the paragraph.

    Returns:
        The sentence with a stop at its end, or "" when nothing of it is to be said; and whether emphasis is open.
    """
    if not is_open and text.isascii():
        simple = _SIMPLE_MARKS.sub(_unmarked, text) if "`" in text or "*" in text else text
        if _is_plain(simple) and not may_hold_a_word_for_one(simple):
            return simple, False
    said, is_open = fragment_to_speech(text, phrases(language), is_open=is_open)
    if not cleanup.has_words(said) or (said[0] in "([" and _PLACEHOLDER.fullmatch(said.rstrip("."))):
        return "", is_open
    return cleanup.close(said), is_open


def _is_plain(text: str) -> bool:
    """Return whether an ASCII sentence can be said as it is written."""
    return (
        _SPECIAL.isdisjoint(text)
        and text[0].isalnum()
        and text[-1] in ".!?"
        and ("(" not in text or _ATTACHED.search(text) is None)
        and "  " not in text
        and len(max(text.split(), key=len)) < _LONG_WORD
    )


def _unmarked(found: re.Match[str]) -> str:
    return found[1] or found[2]


def fragment_to_speech(text: str, words_of: Phrases, *, is_open: bool = False) -> tuple[str, bool]:
    """Like ``to_speech``, for a piece that is no sentence: a cell of a table, a heading. No stop is added."""
    characters = frozenset(text)
    plain = text.isascii()
    text = redact(text, words_of.withheld)
    alert = ALERT.match(text) if text.startswith("[!") else None
    if alert is not None:
        text = text[alert.end() :]
        if alert["warning"] and not cleanup.has_label(text):
            text = f"{words_of.warning}{words_of.colon}{text}"
    stash = inline.Stash()
    lead = "" if plain else cleanup.leading_word(text, words_of)
    if not _MARKUP.isdisjoint(characters) or "://" in text or "www." in text or "==" in text:
        text = inline.strip_markup(text, words_of, stash)
    if "*" in characters:
        text, is_open = strip_emphasis(text, is_open=is_open)
    text = words.say_words(text, words_of)
    if not plain:
        text = cleanup.plain_quotes(cleanup.strip_emoji(cleanup.say_checks(text, words_of)))
    if ":" in characters:
        text = cleanup.strip_short_codes(text)
    if not _DECORATION.isdisjoint(characters):
        text = cleanup.strip_decoration(text)
    dropped = not _GAPS.isdisjoint(characters) or (not plain and max(characters) >= _EMOJI_FROM)
    text = " ".join(stash.restore(cleanup.tidy(text, dropped=dropped)).split())
    if lead:
        text = f"{lead}{words_of.colon}{text}" if cleanup.has_words(text) else lead
    return text, is_open
