"""Repair of code names that a model has changed: ``main. py``, ``Main.py``, ``parse config``.

The letters and digits of a name are searched for in the translation, in order, in any case, and with any spaces,
hyphens and other signs between them. Pure.
"""

from __future__ import annotations

import bisect
import itertools
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST: Final = 3
"""Letters and digits of a name below which a match would be chance."""
_NUMBER: Final = re.compile(r"(?<!\w)(?:n[oº°.]|n\.[oº]|№|nr\.|núm\.)\s*$", re.IGNORECASE)
"""Variants of the number sign # in the output of models."""
_WIDEST_GAP: Final = 3
"""Maximum number of characters between two letters of a name; each sign of the name may have an adjacent space."""
_SIGNS: Final = re.compile(r"[\W_]+")


def repair(translation: str, words: Iterable[str]) -> str:
    """Return a translation with the required words in their original form.

    Args:
        translation: output of the model.
        words: required names and terms.
    """
    # Longest first: a name may be part of another one.
    for word in sorted(set(words), key=len, reverse=True):
        if word not in translation:
            translation = _replace(translation, word, word)
    return translation


def substitute(translation: str, code: str, word: str) -> str:
    """Return a translation with a word in place of a code, however the code is written."""
    return _replace(translation, code, word)


def _replace(text: str, word: str, replacement: str) -> str:
    wanted = _letters(word)
    if len(wanted) < _SHORTEST:
        return text
    gap = max(_WIDEST_GAP, *(3 * len(run) for run in _SIGNS.findall(word)), 0)
    places = [index for index, character in enumerate(text) if character.isalnum()]
    # A letter whose folded form has several letters would shift all positions behind it.
    folded = "".join(_fold(text[place]) for place in places)
    pieces: list[str] = []
    done = 0
    found = folded.find(wanted)
    while found >= 0:
        first, last = places[found], places[found + len(wanted) - 1] + 1
        if first >= done and _is_whole(text, places[found : found + len(wanted)], gap):
            first, last = _with_signs(text, first, last, word, done)
            if word.startswith("#") and (number := _NUMBER.search(text, done, first)) is not None:
                first = number.start()
            pieces += (text[done:first], replacement)
            done = last
            found = folded.find(wanted, bisect.bisect_left(places, last))
        else:
            found = folded.find(wanted, found + 1)
    return "".join(pieces) + text[done:]


def _is_whole(text: str, inside: list[int], gap: int) -> bool:
    """Return whether letters are whole words, and no more than signs apart."""
    first, last = inside[0], inside[-1]
    if text[first - 1 : first].isalnum() or (text[last + 1 : last + 2].isalnum() and text[last + 1].isascii()):
        return False
    return all(after - before <= gap + 1 for before, after in itertools.pairwise(inside))


def _with_signs(text: str, first: int, last: int, word: str, done: int) -> tuple[int, int]:
    """Extend a span over leading and trailing signs of the word, and the spaces between them."""
    lead = word[: next(index for index, character in enumerate(word) if character.isalnum())]
    for sign in reversed(lead):
        before = len(text[done:first].rstrip()) + done
        if before > done and text[before - 1] == sign:
            first = before - 1
    tail = word[len(word.rstrip("".join({character for character in word if not character.isalnum()}))) :]
    for sign in tail:
        rest = text[last:]
        if rest.lstrip()[:1] == sign:
            last += len(rest) - len(rest.lstrip()) + 1
    return first, last


def _letters(word: str) -> str:
    return "".join(_fold(character) for character in word if character.isalnum())


def _fold(character: str) -> str:
    folded = character.casefold()
    return folded if len(folded) == 1 else character
