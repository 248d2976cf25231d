"""English number words as digits, so that ``thirty seven`` and ``37`` are the same word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_NOT_ORDINALS: Final = frozenset(("first", "second"))
"""As words they are no numbers often enough."""

_VALUES: Final = (
    {word: value for value, word in enumerate(_SMALL)}
    | {word: 10 * value for value, word in enumerate(_TENS, 2)}
    | {word: value for value, word in enumerate(_ORDINALS, 1) if word not in _NOT_ORDINALS}
    | {"oh": 0}
)
_MULTIPLES: Final = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}


def as_digits(words: Sequence[str]) -> list[str]:
    """Replace each run of number words by its digits: ``nine million and two`` becomes ``9000002``."""
    found: list[str] = []
    at = 0
    while at < len(words):
        if words[at] in _VALUES or (words[at].isdigit() and words[at + 1 : at + 2] and _is_scale(words[at + 1])):
            number, at = _number(words, at)
            found.append(number)
        else:
            found.append(words[at])
            at += 1
    return found


def _is_scale(word: str) -> bool:
    return word == "hundred" or word in _MULTIPLES


def _number(words: Sequence[str], at: int) -> tuple[str, int]:
    """Return the digits of the number that begins at a place, and where it ends."""
    total = part = 0
    first = at
    room = 1_000_000_000_000
    """What the next part must be smaller than."""
    while at < len(words):
        word = words[at]
        value = _VALUES.get(word, int(word) if word.isdigit() and len(word) < len("1000") else None)
        if value is not None and value < room and (value or at == first):
            part += value
            room = 10 if word in _TENS else 1
        elif word == "hundred" and 0 < part < 100:
            part *= 100
            room = 100
        elif word in _MULTIPLES and part:
            total, part = total + part * _MULTIPLES[word], 0
            room = 1_000
        elif not (word == "and" and _is_scale(words[at - 1]) and words[at + 1 : at + 2] and words[at + 1] in _VALUES):
            break
        at += 1
    return str(total + part), at
