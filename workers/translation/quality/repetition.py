"""Whether a translation says the same again and again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

_NO_LETTER: Final = re.compile(
    r"[\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u206f\u3000-\u3029\u30fb\u060c\u061b\u061f\u0964\u0965]+"
)
_LOOP: Final = re.compile(r"(.{3,14}?)\1{2,}|(..)\2{3,}")
"""Something short three times in a row. Two letters four times: ``nananatili`` is a word of Tagalog."""
_ANY_LOOP: Final = re.compile(r"(.{1,14}?)\1{2,}")
"""``No, no, no`` is ``Nein, nein, nein``: in the original, shorter groups count as well."""
_WINDOW: Final = 12
"""So many letters hardly ever stand twice by chance."""
_DOUBLED: Final = 15
"""So many letters hardly ever stand twice in a row by intent."""
_WHOLE: Final = 6
"""So many letters, and nothing else, twice."""
_THRICE: Final = 3


def repetition(pair: Pair) -> str:
    """A group of letters again and again, more often than in the original.

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
    """What is repeated, and how often; None when nothing is."""
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
