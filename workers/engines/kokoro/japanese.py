"""Grapheme-to-phoneme conversion of Japanese for Kokoro 1.0: kana as IPA, words separated.

MeCab (``fugashi``) with UniDic returns words and their readings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.engines.kokoro import japanese_counters
from voicestream.workers.engines.kokoro.japanese_counters import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fugashi import UnidicNode

_ROWS: Final = """\
アイウエオ a i ɯ e o
カキクケコ ka kʲi kɯ ke ko
ガギグゲゴ ɡa ɡʲi ɡɯ ɡe ɡo
サシスセソ sa ɕi sɨ se so
ザジズゼゾ ʣa ʥi zɨ ʣe ʣo
タチツテト ta ʨi ʦɨ te to
ダヂヅデド da ʥi zɨ de do
ナニヌネノ na ɲi nɯ ne no
ハヒフヘホ ha çi ɸɯ he ho
バビブベボ ba bʲi bɯ be bo
パピプペポ pa pʲi pɯ pe po
マミムメモ ma mʲi mɯ me mo
ヤユヨ ja jɯ jo
ラリルレロ ɾa ɾʲi ɾɯ ɾe ɾo
ワヰヱヲ βa i e o
ヷヸヹヺ va vʲi ve vo
ヴヵヶ vɯ ka ke
ァィゥェォ a i ɯ e o
ャュョヮ ja jɯ jo βa
"""

_SMALL: Final = {"ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o", "ャ": "a", "ュ": "ɨ", "ョ": "o", "ヮ": "a"}
"""Vowel of a small kana, which replaces the one before it."""

_ONSETS: Final = {
    "ウ": "β",
    "イ": "j",
    "ク": "kᵝ",
    "グ": "ɡᵝ",
    "フョ": "ɸʲ",
    "ヴャ": "bʲ",
    "ヴュ": "bʲ",
    "ヴョ": "bʲ",
}
"""Onsets before small kana where they differ from the regular ones."""

_PALATALIZED: Final = "tdʦɸv"
"""Onsets that are palatalized before ``i`` and a small ``ュ``."""

_LONG, _DOUBLED, _NASAL = "ー", "ッ", "ン"

_NASALS: Final = {"mpb": "m", "kɡ": "ŋ", "ɲʨʥ": "ɲ", "ntdɾz": "n"}
"""Sound of ``ン`` by the following onset."""

_HIRAGANA: Final = {code: code + 0x60 for code in range(0x3041, 0x3097)}

_HOST: Final = frozenset(("動詞", "形容詞", "助動詞"))
_ENDINGS: Final = frozenset(("て", "で", "た", "だ", "ん"))
"""Endings that are joined to verbs and adjectives."""


class JapanesePhonemizer:
    """Phonemizer of Japanese; reused, because opening the dictionary takes some hundredths of a second."""

    def __init__(self) -> None:
        """Open the dictionary.

        Raises:
            RuntimeError: it is not installed.
        """
        from fugashi import Tagger

        self._tagger = Tagger()

    def phonemes(self, text: str) -> str:
        """Convert a text without punctuation and Latin letters."""
        words = (phonemes_of_kana(reading) for reading in _readings(self._tagger(text)))
        return " ".join(word for word in words if word)


def phonemes_of_kana(reading: str) -> str:
    """Convert a word in hiragana or katakana: ``キャッシュ`` is ``kʲaʔɕɨ``."""
    kana = reading.translate(_HIRAGANA)
    found: list[str] = []
    for index, letter in enumerate(kana):
        following = kana[index + 1 : index + 2]
        if letter in _SMALL and index and kana[index - 1] in _KANA:
            continue
        if following in _SMALL and letter in _KANA:
            found.append(_combined(letter, following))
        else:
            found.append({_LONG: "ː", _DOUBLED: "ʔ", _NASAL: _NASAL}.get(letter) or _KANA.get(letter, ""))
    while found and found[-1] == "ʔ":
        found.pop()
    return "".join(_nasal(found[index + 1 :]) if sound == _NASAL else sound for index, sound in enumerate(found))


def _combined(letter: str, small: str) -> str:
    vowel = _SMALL[small]
    onset = _ONSETS.get(letter + small) or _ONSETS.get(letter) or _KANA[letter][:-1]
    if vowel in "iɨ" and onset in _PALATALIZED:
        onset += "ʲ"
    return onset + vowel


def _nasal(following: list[str]) -> str:
    start = following[0][:1] if following else ""
    return next((sound for starts, sound in _NASALS.items() if start and start in starts), "ɴ")


def _readings(nodes: Iterable[UnidicNode]) -> list[str]:
    """Return the readings of words, with endings and affixes joined."""
    readings: list[str] = []
    before = ""
    found = list(nodes)
    words = japanese_counters.with_readings([_word(node) for node in found])
    for node, word in zip(found, words, strict=True):
        part = node.feature.pos1
        is_ending = before in _HOST and node.surface in _ENDINGS and part in {"助詞", "助動詞"}
        if readings and (is_ending or part == "接尾辞" or before == "接頭辞"):
            readings[-1] += word.reading
        else:
            readings.append(word.reading)
        before = part
    return readings


def _word(node: UnidicNode) -> Word:
    reading = node.feature.pron or node.feature.kana or node.surface
    return Word(node.surface, reading, node.feature.pos2 == "数詞")


def _rows() -> dict[str, str]:
    rows: dict[str, str] = {}
    for line in _ROWS.splitlines():
        letters, *symbols = line.split()
        rows |= dict(zip(letters, symbols, strict=True))
    return rows


_KANA: Final = _rows()
"""Sound of each kana."""
