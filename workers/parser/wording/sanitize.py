"""Sanitizing of text from terminals: terminal codes, control characters, carriage returns, invisible marks."""

from __future__ import annotations

from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex

_UNWANTED: Final = lazy_regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffd-\uffff\ue000-\uf8ff\ud800-\udfff]"
)
_ESCAPE: Final = lazy_regex(
    "\x1b(?:\\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\\]PX^_][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\\\)|[ -/]{0,8}[0-Z^-~\\\\])?"
)
"""ECMA-48 control sequences: CSI (colours), strings such as OSC (titles, links), and the short ones."""
_SPACING: Final = lazy_regex("[\x0b\x0c\x85]")
"""Tabs and feeds of other kinds, and the next-line control: a space."""
_UNFINISHED: Final = lazy_regex("\x1b(?:\\[[0-?]{0,64}[ -/]{0,8}|[\\]PX^_][^\x07\x1b\n]{0,512}\x1b?|[ -/]{0,8})?\\Z")
"""A control sequence of which the rest may still come; its length is bounded, and so is what is held back."""


def is_unwanted(text: str) -> bool:
    """Return whether there is anything to take out of a text."""
    return _UNWANTED.search(text) is not None


def sanitize(held: str, text: str, *, final: bool = False) -> tuple[str, str]:
    """Take terminal codes and control characters out of a piece of text.

    Args:
        held: What the call before held back.
        text: The next piece.
        final: Nothing follows: hold nothing back.

    Returns:
        The clean text, and the beginning of a code that is not complete, for the next call.
    """
    if not held and _UNWANTED.search(text) is None:
        return text, ""
    text = held + text
    held = ""
    if not final:
        unfinished = _UNFINISHED.search(text)
        if unfinished is not None:
            text, held = text[: unfinished.start()], unfinished[0]
        elif text.endswith("\r"):
            text, held = text[:-1], "\r"
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub("", _SPACING.sub(" ", text)), held
