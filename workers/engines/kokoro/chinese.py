"""Grapheme-to-phoneme conversion of Mandarin for Kokoro 1.0: pinyin as IPA, tones as arrows.

``rjieba`` segments words and ``pypinyin`` returns their readings, in both scripts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _table(text: str) -> dict[str, str]:
    """Parse alternating keys and values, separated by spaces."""
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
"""IPA of the finals of strict pinyin; 0 is the place of the tone."""

_ISOLATED: Final = _table("o ɔ0  m m0  n n0  ng ŋ0  hm hm0")
"""Syllables without a final, and one with another sound in isolation."""

_SYLLABIC: Final = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
"""Initials after which ``i`` is a syllabic consonant."""


class ChinesePhonemizer:
    """Phonemizer of Chinese; reused, because loading the dictionaries takes a third of a second."""

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
        """Convert a text without punctuation and Latin letters; words are separated by spaces."""
        words = ("".join(map(self.syllable, self._read(word))) for word in self._cut(text))
        return " ".join(word for word in words if word)

    def syllable(self, pinyin: str) -> str:
        """Convert a syllable with its tone number: ``tong1`` is ``tʰʊ→ŋ``."""
        tone = _TONES.get(pinyin[-1:], "")
        isolated = _ISOLATED.get(pinyin.rstrip("12345"))
        if isolated:
            return isolated.replace("0", tone)
        initial, final = self._initial(pinyin), self._final(pinyin)
        sound = "ɨ0" if final == "i" and initial in _SYLLABIC else _FINALS.get(final, "")
        return _INITIALS.get(initial, "") + sound.replace("0", tone)
