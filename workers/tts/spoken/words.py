"""A sentence as a neural voice is to say it: numbers and symbols are words of its language."""

from __future__ import annotations


def words(text: str, language: str) -> str:
    """A sentence in words of its language; "" when there is nothing to say.

    Args:
        text: one sentence, without markup.
        language: BCP-47 tag of the text.
    """
    del language
    return text


def prepare(language: str) -> None:
    """Import what the first number in a language would wait for."""
    del language
