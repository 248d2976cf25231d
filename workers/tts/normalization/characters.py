"""Character normalization: Unicode unification before, and removal of unspeakable characters after the other steps."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

_FORMS: Final = str.maketrans(
    {
        "\u2212": "-",  # minus
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "–",
        "\u2015": "—",
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
        "\u2032": "'",
        "\u066a": "%",
        "\u066b": ".",
        "\u066c": ",",
        "\u2044": "/",
        "\uff08": " (",
        "\uff09": ") ",
        "\uff0c": "、",  # must not be taken for a decimal comma
        "\u301c": "~",
        "\u03bc": "\u00b5",
        "\u0640": "",  # the tatweel, which lengthens an Arabic word
    }
)
_RAISED: Final = re.compile(r"(?<=\w)(?=[⁰¹²³⁴-⁹¼-¾⅐-⅞①-⑳])")
"""Boundary between a digit and a raised digit or a fraction sign, which NFKC would join into one number."""
_NUMERO: Final = re.compile(r"№\s?|(?<!\w)[nN]\.?[º°]\s?(?=\d)")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_NAMES_OF_GREEK: Final = dict(
    zip(
        "αβγδεζηθικλνξοπρστυφχψω",
        """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda nu xi omikron pi rho sigma tau ypsilon phi
        chi psi omega""".split(),
        strict=True,
    )
) | {"µ": "mu"}
_GREEK: Final = re.compile(r"(?<![\u0370-\u03ff])[\u0391-\u03c9µ](?![\u0370-\u03ff])")

_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žƠơƯưȘ-ț"
_SCRIPTS: Final = {
    "ar": "\u0621-\u063a\u0641-\u0655\u0670-\u0672\u0679-\u06d3",
    "hi": "\u0901-\u0939\u093c-\u094d\u0950-\u0957\u0960-\u0963\u0971-\u0977",
    "ja": "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff",
    "ko": "\uac00-\ud7a3",
    "ru": "\u0410-\u044f\u0401\u0451",
    "zh": "\u3007\u3400-\u4dbf\u4e00-\u9fff",
}
"""Letters of each language besides the Latin ones."""
_FOLDED: Final = frozenset(("ar", "hi", "ja", "ko", "zh"))
"""Languages in which Latin letters lose their accents: their transliteration knows only plain letters."""
_EXTRA: Final = {"ar": "،؛؟", "es": "¿¡", "hi": "।", "ja": "。、", "zh": "。、"}
"""Punctuation of each language besides the common marks."""

_BRACKETS: Final = re.compile(r"(?:(?<![A-Za-z0-9_(\[{])|(?<=[A-Za-z0-9_][(\[{]))[(\[{]++([^()\[\]{}]*+)[)\]}]++")
_DASHES: Final = re.compile(r"\s+-+(?=\s)|\s*[–—―]+\s*|-{2,}")
_QUOTES: Final = re.compile(r"[\"“”„‟«»‹›「」『』〈〉《》【】‚‛`]+")
_STRENGTH: Final = {mark: rank for rank, mark in enumerate("؟?!।。.؛;:،、,")}
_MARKS: Final = "".join(_STRENGTH)
_RUN_OF_MARKS: Final = re.compile(rf"\s*[{_MARKS}](?:\s*[{_MARKS}])*")
_TIGHT_COMMA: Final = re.compile(r",(?=[^\W\d_])")
_LEADING_MARKS: Final = re.compile(rf"\A[\s{_MARKS}'-]+")
_TRAILING_COMMA: Final = re.compile(r"[\s,،、;؛:]+\Z")
_HYPHEN: Final = re.compile(r"(?<![^\W\d_])-+|-+(?![^\W\d_])")
_APOSTROPHE: Final = re.compile(r"(?<![^\W\d_])'+|'+(?![^\W\d_])|'{2,}")
_COLON: Final = re.compile(r":{2,}")
_ASIAN: Final = "\u3001-\u3007\u3041-\u30ff\u3400-\u9fff\uff01\uff0c\uff1a\uff1b\uff1f"
_ASIAN_GAP: Final = re.compile(rf"(?<=[{_ASIAN}])\s+(?=[{_ASIAN}])|(?<=[。、！，：；？])\s+|\s+(?=[。、！，：；？])")
_WIDE: Final = {
    "ja": str.maketrans({",": "、", ".": "。", "!": "！", "?": "？", ":": "：", ";": "；"}),
    "zh": str.maketrans({",": "，", "、": "，", ".": "。", "!": "！", "?": "？", ":": "：", ";": "；"}),
}
_OPENING: Final = re.compile(r"[¿¡](?![^\W\d_])")


def unify(text: str, base: str) -> str:
    """Return a text with one form of each character: compatibility forms and foreign digits are replaced.

    Args:
        text: a sentence.
        base: its language, without a country.
    """
    if text.isascii():
        return text.translate(_CONTROLS)
    text = _NUMERO.sub("#", text)
    text = unicodedata.normalize("NFKC", _RAISED.sub(" ", _INVISIBLE.sub("", text)).translate(_FORMS))
    text = _INVISIBLE.sub("", text.translate(_FORMS).translate(_CONTROLS))
    return "".join(_folded(_figure(character), base) for character in text)


def speakable(text: str, base: str) -> str:
    """Return a text without unspeakable characters; "" if no words are left.

    Args:
        text: a sentence.
        base: its language, without a country.
    """
    if not text.isascii():
        text = _GREEK.sub(lambda m: f" {_NAMES_OF_GREEK.get(m[0].lower(), '')} ", text)
    text = _BRACKETS.sub(r", \1, ", _QUOTES.sub(" ", text))
    if any(dash in text for dash in "-–—―"):
        text = _DASHES.sub(", ", text)
    text = _unspeakable(base).sub(" ", text)
    if "-" in text:
        text = _HYPHEN.sub(" ", text)
    if "'" in text:
        text = _APOSTROPHE.sub(" ", text)
    text = _COLON.sub(" ", text)
    if base == "es":
        text = _OPENING.sub("", text)
    text = _TIGHT_COMMA.sub(", ", _RUN_OF_MARKS.sub(_strongest, text))
    text = _TRAILING_COMMA.sub("", _LEADING_MARKS.sub("", " ".join(text.split())))
    if base in _WIDE:
        text = _ASIAN_GAP.sub("", text.translate(_WIDE[base]))
    text = unicodedata.normalize("NFC", text)
    return text if any(map(str.isalpha, text)) else ""


_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")


@functools.lru_cache(maxsize=8192)
def _figure(character: str) -> str:
    """Return the ASCII digit for a digit of any script."""
    value = unicodedata.decimal(character, -1)
    return str(value) if value >= 0 else character


@functools.lru_cache(maxsize=8192)
def _folded(character: str, base: str) -> str:
    """Return a Latin letter in the form that the voice knows."""
    if character.isascii() or not "À" <= character <= "ỿ":
        return character
    if base not in _FOLDED and re.fullmatch(f"[{_LATIN}]", character):
        return character
    plain = unicodedata.normalize("NFD", character)[0]
    if plain.isascii():
        return plain
    return {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "đ": "d", "ı": "i"}.get(
        character, character
    )


@functools.cache
def _unspeakable(base: str) -> re.Pattern[str]:
    return re.compile(f"[^{_LATIN}{_SCRIPTS.get(base, '')}{_EXTRA.get(base, '')}.,;:!?' -]+")


def _strongest(found: re.Match[str]) -> str:
    mark = min(found[0].replace(" ", ""), key=_STRENGTH.__getitem__)
    # A single mark between two letters is part of a name.
    return mark if len(found[0]) == 1 else f"{mark} "
