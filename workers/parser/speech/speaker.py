"""One sentence, as it was written, to one sentence as it is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.speech import finish, markup, words
from voicestream.workers.parser.speech.emphasis import strip_emphasis
from voicestream.workers.parser.speech.phrases import phrases
from voicestream.workers.parser.speech.secrets import redact

if TYPE_CHECKING:
    from voicestream.workers.parser.speech.phrases import Phrases

_PLAIN: Final = re.compile(r"[A-Za-z][\w ,;'\"()-]*[.!?]", re.ASCII)
_NOT_PLAIN: Final = re.compile(r"  |--|_|\(\)|- |[A-Za-z0-9-]{12}|(?i:pass|secret|token|key|bearer|basic)")
"""Together: the sentences, about half of all, that are said as they are written."""
_PLACEHOLDER: Final = re.compile(r"[(\[]no content[)\]]|\[request interrupted by user[^\]]*\]", re.IGNORECASE)
"""Written where a message has no words."""
_DROPPED: Final = re.compile(r"[\[<【~$]|[^\x00-\u230f]")
"""Something may be dropped that leaves a gap: marks, tags, struck-through text, emoji."""
_STRUCTURE: Final = re.compile(r"[`\\$\[【<~&]|://|www\.")


def say(text: str, language: str, *, is_open: bool = False) -> tuple[str, bool]:
    """Make a sentence speakable.

    Args:
        text: The sentence as it was written, without the marks that open a line.
        language: What it is written in, for the words that are inserted.
        is_open: Emphasis began in an earlier sentence of the paragraph.

    Returns:
        The sentence with a stop at its end, or "" when nothing of it is to be said; and whether emphasis is open.
    """
    if not is_open and _PLAIN.fullmatch(text) is not None and _NOT_PLAIN.search(text) is None:
        return text, False
    said, is_open = say_piece(text, phrases(language), is_open=is_open)
    if not finish.has_words(said) or _PLACEHOLDER.fullmatch(said.rstrip(".")):
        return "", is_open
    return finish.close(said), is_open


def say_piece(text: str, words_of: Phrases, *, is_open: bool = False) -> tuple[str, bool]:
    """Like ``say``, for a piece that is no sentence: a cell of a table, a heading. No stop is added."""
    text = redact(text, words_of.secret)
    stash = markup.Stash()
    lead = "" if text.isascii() else finish.leading_word(text, words_of)
    dropped = _DROPPED.search(text) is not None
    if _STRUCTURE.search(text) is not None:
        text = markup.strip_markup(text, words_of, stash)
    if "*" in text:
        text, is_open = strip_emphasis(text, is_open=is_open)
    text = words.say_words(text, words_of)
    if not text.isascii():
        text = finish.plain_quotes(finish.strip_emoji(text))
    text = finish.tidy(stash.restore(finish.strip_decoration(text)), dropped=dropped)
    if lead:
        text = f"{lead}{words_of.colon}{text}" if finish.has_words(text) else lead
    return text, is_open
