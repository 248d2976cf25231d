"""Input of a replay: the sentences of a recorded session as plain text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.config import languages

if TYPE_CHECKING:
    from voicestream.history.record import Record, Sentence

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-|~&$^:=!])")
"""Characters with which Markdown begins or ends something."""

_NUMBERED: Final = re.compile(r"^(\s*\d+)([.)])")


def as_text(record: Record, target: str) -> str:
    """Return the sentences in the format ``text``, with recorded translations into ``target`` (a BCP-47 tag)."""
    parts: list[str] = []
    for sentence in record.sentences.values():
        parts += [escaped(_words(sentence, target)), "\n\n" if sentence.closes else " "]
    return "".join(parts)


def escaped(text: str) -> str:
    """Escape Markdown, so that the parser finds the same words."""
    text = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _NUMBERED.sub(r"\1\\\2", text)


def _words(sentence: Sentence, target: str) -> str:
    if sentence.translation and languages.are_same(sentence.translation_language, target):
        return sentence.translation
    return sentence.text
