"""Edit distances between what should be said and what was recognized."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_JOINED: Final = 6
"""Words or spelled letters that may be written as one: ``h t t p s``."""

_STRESS_AND_LENGTH: Final = re.compile(r"[ˈˌː‍\s]")


def characters(reference: str, heard: str) -> int:
    """Return the Levenshtein distance of two strings."""
    row = list(range(len(heard) + 1))
    for number, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], number
        for at, got in enumerate(heard, 1):
            diagonal, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, diagonal + (wanted != got))
    return row[-1]


def words(reference: Sequence[str], heard: Sequence[str], sound: Callable[[str], str] = str) -> int:
    """Return the number of wrong, missing and surplus words.

    Words that are joined or divided differently are the same (``set up``, ``setup``), and so are those that sound the
    same: a recognizer cannot know whether ``read`` or ``red`` was meant.

    Args:
        reference: the words that should be said.
        heard: the words that were recognized.
        sound: the phonemes of a word.
    """
    costs = [[at + number for at in range(len(heard) + 1)] for number in range(len(reference) + 1)]
    for number in range(len(reference) + 1):
        for at in range(len(heard) + 1):
            best = costs[number][at]
            if number:
                best = min(best, costs[number - 1][at] + 1)
            if at:
                best = min(best, costs[number][at - 1] + 1)
            if number and at:
                best = min(best, costs[number - 1][at - 1] + 1)
            for first in range(max(0, number - MOST_JOINED), number):
                for start in range(max(0, at - MOST_JOINED), at):
                    cost = costs[first][start]
                    if cost < best and _is_same(reference[first:number], heard[start:at], sound):
                        best = cost
            costs[number][at] = best
    return costs[-1][-1]


def _is_same(wanted: Sequence[str], got: Sequence[str], sound: Callable[[str], str]) -> bool:
    if "".join(wanted) == "".join(got):
        return True
    return "".join(map(sound, wanted)) == "".join(map(sound, got)) != ""


def plain_sound(phonemes: str) -> str:
    """Return phonemes without stress and length, and with reduced vowels as one."""
    found = _STRESS_AND_LENGTH.sub("", phonemes)
    for old, new in (("ᵻ", "ɪ"), ("ɐ", "ə"), ("ɚ", "əɹ"), ("ɾ", "t"), ("oʊ", "o"), ("iə", "i")):
        found = found.replace(old, new)
    return found
