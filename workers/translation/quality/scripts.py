"""Script check: the translation must be in the script of its language."""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING, Final

from voicestream.workers.translation.quality.pair import HAN

if TYPE_CHECKING:
    from voicestream.workers.translation.quality.pair import Pair

LETTERS: Final[dict[str, tuple[str, ...]]] = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL",),
    "Hans": ("CJK", "BOPOMOFO", "IDEOGRAPHIC"),
    "Hant": ("CJK", "BOPOMOFO", "IDEOGRAPHIC"),
    "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "IDEOGRAPHIC"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Laoo": ("LAO",),
    "Latn": ("LATIN",),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Tfng": ("TIFINAGH",),
    "Thai": ("THAI",),
    "Tibt": ("TIBETAN",),
}
"""Prefixes of the Unicode names of a script's letters, by ISO 15924 code."""

_FEWEST: Final = 4
"""Minimum letters for a check."""
_MOST_LATIN: Final = 0.5
"""Maximum share of Latin letters in a translation to another script: names and terms can stay."""
_MOST_ALIEN: Final = 0.05
_FEWEST_ALIEN: Final = 2
"""Minimum foreign letters; a single Greek letter is a unit or a symbol."""
_HAN_WITHOUT_KANA: Final = 6
"""Han characters of a sentence that cannot be Japanese without kana."""


def wrong_script(pair: Pair) -> str:
    """Check for another script than that of the target, also for the other variant of Chinese.

    Models of the NLLB family sometimes translate into another language ("off-target translation", arXiv:2309.07098).
    Text of the original is ignored: names and identifiers keep their letters.
    """
    letters = LETTERS.get(pair.target_script)
    if letters is None:
        return ""
    kinds: dict[str, int] = {}
    for run in pair.own[1]:
        for character in run:
            kind = letters_of(character)
            kinds[kind] = kinds.get(kind, 0) + 1
    kinds.pop("", None)
    total = sum(kinds.values())
    right = sum(kinds.get(kind, 0) for kind in letters)
    latin = kinds.get("LATIN", 0)
    alien = total - right - (0 if "LATIN" in letters else latin)
    if total >= _FEWEST and (right == 0 or latin > total * _MOST_LATIN) and "LATIN" not in letters:
        return f"it is not in the letters of {pair.target.name}"
    if alien >= _FEWEST_ALIEN and alien > total * _MOST_ALIEN:
        return f"there are letters in it that {pair.target.name} does not have"
    return _wrong_han(pair, kinds)


def _wrong_han(pair: Pair, kinds: dict[str, int]) -> str:
    """Check for Chinese instead of Japanese, simplified instead of traditional, and vice versa."""
    if pair.target_script not in HAN:
        return ""
    han = kinds.get("CJK", 0)
    traditional, simplified, foreign = han_forms("".join(pair.own[1]))
    if pair.target_script == "Jpan":
        has_kana = kinds.keys() & {"HIRAGANA", "KATAKANA"}
        is_chinese = not has_kana and (han >= _HAN_WITHOUT_KANA or foreign > 0)
        return "it looks like Chinese, not Japanese" if is_chinese else ""
    if pair.target_script == "Hans" and traditional > max(1, simplified):
        return "it is in traditional letters, not in simplified ones"
    if pair.target_script == "Hant" and simplified > max(1, traditional):
        return "it is in simplified letters, not in traditional ones"
    return ""


def han_forms(text: str) -> tuple[int, int, int]:
    """Count the characters that are only traditional, only simplified, and not Japanese.

    The national character sets decide: Big5 for traditional, GB 2312 for simplified, and Shift JIS for Japanese
    characters.
    """
    traditional = simplified = foreign = 0
    for character in text:
        sets = _sets(character)
        traditional += sets[0] and not sets[1]
        simplified += sets[1] and not sets[0]
        foreign += sets[1] and not sets[2]
    return traditional, simplified, foreign


@functools.lru_cache(maxsize=8192)
def _sets(character: str) -> tuple[bool, bool, bool]:
    """Return whether a Han character is in Big5, GB 2312 and Shift JIS; all False for others."""
    if not unicodedata.name(character, "").startswith("CJK UNIFIED"):
        return False, False, False
    return _is_in(character, "big5"), _is_in(character, "gb2312"), _is_in(character, "shift_jis")


def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@functools.lru_cache(maxsize=8192)
def letters_of(character: str) -> str:
    """Return the script prefix of the Unicode name of a letter (``LATIN``, ``CJK``); empty for other characters."""
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "").partition(" ")[0]
    return "" if first in _SIGNS else first


_SIGNS: Final = frozenset(
    ("", "FEMININE", "MASCULINE", "MICRO", "MODIFIER", "MATHEMATICAL", "OHM", "KELVIN", "ANGSTROM")
)
"""Symbols without a script, such as ª or µ; letters of scripts that NLLB does not know are foreign."""
