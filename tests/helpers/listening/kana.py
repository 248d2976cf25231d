"""Japanese text as katakana the way it sounds, from what should be said and from what was recognized alike."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from voicestream.workers.engines.kokoro import japanese
from voicestream.workers.tts.normalization.normalize import words

if TYPE_CHECKING:
    from collections.abc import Callable

_LETTERS: Final = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー"
        " キュー アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット".split(),
        strict=True,
    )
)

_WORDS: Final = {
    "build": "ビルド",
    "config": "コンフィグ",
    "effect": "エフェクト",
    "helpers": "ヘルパーズ",
    "install": "インストール",
    "json": "ジェイソン",
    "linux": "リナックス",
    "main": "メイン",
    "parse": "パース",
    "pi": "パイ",
    "pie": "パイ",
    "py": "パイ",
    "python": "パイソン",
    "react": "リアクト",
    "script": "スクリプト",
    "type": "タイプ",
    "typescript": "タイプスクリプト",
    "use": "ユーズ",
    "useeffect": "ユーズエフェクト",
    "windows": "ウィンドウズ",
    "yaml": "ヤムル",
}
"""A recognizer writes such words in Latin letters although they were said in Japanese."""

_LATIN: Final = re.compile(r"[a-z]+", re.IGNORECASE)
_HIRAGANA: Final = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_SAME: Final = str.maketrans("ハヘヲヅヂャュョ", "ワエオズジヤユヨ")
"""Particles are not told from other kana in words written in kana, nor are their small letters."""
_VOWELS: Final = {
    "ア": "アカガサザタダナハバパマヤラワァャ",
    "イ": "イキギシジチヂニヒビピミリィ",
    "ウ": "ウクグスズツヅヌフブプムユルゥュ",
    "エ": "エケゲセゼテデネヘベペメレェ",
    "オ": "オコゴソゾトドノホボポモヨロォョ",
}
_FOLLOWERS: Final = {"エ": "[イエ]", "オ": "[ウオ]"}
"""Kana that lengthen a vowel, where it is not the vowel itself."""

_LENGTHENING: Final = tuple(
    re.compile(f"(?<=[{letters}]){_FOLLOWERS.get(vowel, vowel)}") for vowel, letters in _VOWELS.items()
)


def kana(text: str) -> str:
    """Return a text as katakana, with ``ー`` for every long vowel, without marks."""
    found = unicodedata.normalize("NFKC", text)
    found = _LATIN.sub(_latin, re.sub(r"(?<=[a-z])\.(?=[a-z])", "ドット", found, flags=re.IGNORECASE))
    found = words(re.sub(r"(?<=\d),(?=\d{3})", "", found), "ja")
    read = "".join(japanese._readings(_tagger()(found)))
    read = re.sub(r"[^ァ-ヶーa-z0-9]", "", read.translate(_HIRAGANA).lower())
    for pattern in _LENGTHENING:
        read = pattern.sub("ー", read)
    return read.translate(_SAME)


def _latin(match: re.Match[str]) -> str:
    word = match[0]
    known = _WORDS.get(word.lower())
    if known is None and (word.isupper() or len(word) < 4):
        known = "".join(_LETTERS[letter] for letter in word.lower())
    return known or word


@functools.cache
def _tagger() -> Callable[[str], list[Any]]:
    from fugashi import Tagger

    tagger: Callable[[str], list[Any]] = Tagger()
    return tagger
