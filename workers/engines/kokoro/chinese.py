"""The phonemes of Mandarin, as Kokoro 1.0 was trained on them: pinyin in phonetic symbols, tones as arrows.

Words are found by ``rjieba``, readings by ``pypinyin``, in either script.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _table(text: str) -> dict[str, str]:
    """A dictionary written as words: a key, what it stands for, the next key."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_TONES: Final = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

_INITIALS: Final = _table(
    "b p  p pʰ  m m  f f  d t  t tʰ  n n  l l  g k  k kʰ  h x  j ʨ  q ʨʰ  x ɕ  "
    "zh \uab67  ch \uab67ʰ  sh ʂ  r ɻ  z ʦ  c ʦʰ  s s"
)

_FINALS: Final = _table("""
    a a0  ai ai0  an a0n  ang a0ŋ  ao au0  e ɤ0  ei ei0  en ə0n  eng ə0ŋ  er ɚ0  ê ɛ0
    i i0  ia ja0  ian jɛ0n  iang ja0ŋ  iao jau0  ie je0  in i0n  iou jou0  ing i0ŋ  iong jʊ0ŋ  io jɔ0
    o wo0  ong ʊ0ŋ  ou ou0  u u0  uei wei0  ua wa0  uai wai0  uan wa0n  uen wə0n  uang wa0ŋ  ueng wə0ŋ  uo wo0
    ü y0  üe ɥe0  üan ɥɛ0n  ün y0n
""")
"""Of strict pinyin; 0 is where the tone stands."""

_ALONE: Final = _table("o ɔ0  m m0  n n0  ng ŋ0  hm hm0")
"""Syllables without a final, and one that has another sound when it stands alone."""

_BUZZING: Final = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
"""After these, ``i`` is no vowel of its own."""


class Chinese:
    """Makes phonemes of Chinese; made once, because reading the dictionaries takes a third of a second."""

    def __init__(self) -> None:
        import rjieba
        from pypinyin import Style, lazy_pinyin
        from pypinyin.contrib.tone_convert import to_finals, to_initials

        self._cut: Callable[[str], list[str]] = rjieba.cut
        self._read: Callable[[str], list[str]] = partial(
            lazy_pinyin, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"
        )
        self._initial: Callable[[str], str] = partial(to_initials, strict=True)
        self._final: Callable[[str], str] = partial(to_finals, strict=True, v_to_u=True)

    def phonemes(self, text: str) -> str:
        """The phonemes of a stretch without marks and Latin letters, words apart."""
        words = ("".join(map(self.syllable, self._read(word))) for word in self._cut(text))
        return " ".join(word for word in words if word)

    def syllable(self, pinyin: str) -> str:
        """The phonemes of a syllable with the number of its tone: ``tong1`` is ``tʰʊ→ŋ``."""
        tone = _TONES.get(pinyin[-1:], "")
        alone = _ALONE.get(pinyin.rstrip("12345"))
        if alone:
            return alone.replace("0", tone)
        initial, final = self._initial(pinyin), self._final(pinyin)
        sound = "ɨ0" if final == "i" and initial in _BUZZING else _FINALS.get(final, "")
        return _INITIALS.get(initial, "") + sound.replace("0", tone)
