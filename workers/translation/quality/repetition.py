"""Repetition check: loops of short groups, and duplicated passages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

_NO_LETTER: Final = re.compile(
    r"[\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u206f\u3000-\u3029\u30fb\u060c\u061b\u061f\u0964\u0965]+"
)
_LOOP: Final = re.compile(r"(.{3,14}?)\1{2,}|(..)\2{3,}")
"""Short group three times in a row; two letters four times, because ``nananatili`` is a word of Tagalog."""
_ANY_LOOP: Final = re.compile(r"(.{1,14}?)\1{2,}")
"""Loop in the original, where shorter groups count as well: ``No, no, no`` is ``Nein, nein, nein``."""
_WINDOW: Final = 12
"""Letters of a passage that rarely occurs twice by chance."""
_DOUBLED: Final = 15
"""Letters of a passage that is rarely doubled on purpose."""
_WHOLE: Final = 6
"""Letters of a text that consists of one passage twice."""
_THRICE: Final = 3


def repetition(pair: Pair) -> str:
    """Check for a group of letters that is repeated more often than in the original.

    Models of the family get caught in such loops ("oscillatory hallucinations" of M2M-100, arXiv:2309.07098). Spaces do
    not matter, so it works for Chinese as for English.
    """
    repeated = _repeated(pair.translation, _LOOP)
    if not repeated:
        return ""
    found, times = repeated
    before = _repeated(pair.original, _ANY_LOOP)
    if before and before[1] >= times:
        return ""
    return f'"{found}" is in it again and again'


def _repeated(text: str, pattern: re.Pattern[str]) -> tuple[str, int] | None:
    """Return the repeated group and its count; None if there is none."""
    letters = _NO_LETTER.sub("", text.casefold())
    for loop in pattern.finditer(letters):
        group = next(filter(None, loop.groups()))
        if any(map(str.isalpha, group)):
            return group, len(loop[0]) // len(group)
    half = len(letters) // 2
    if half >= _WHOLE and letters[:half] * 2 == letters:
        return letters[:half], 2
    last: dict[str, int] = {}
    times: dict[str, int] = {}
    for at in range(len(letters) - _WINDOW + 1):
        window = letters[at : at + _WINDOW]
        before = last.get(window)
        last[window] = at
        if before is None:
            continue
        period = at - before
        if period >= _DOUBLED and letters[before:at] == letters[at : at + period]:
            return letters[before:at], 2
        if period >= _WINDOW:
            times[window] = times.get(window, 1) + 1
            if times[window] >= _THRICE:
                return window, _THRICE
    return None
