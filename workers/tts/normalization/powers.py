"""Text normalization of fraction signs, superscript digits, and units of area and volume."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers import numerals
from voicestream.workers.tts.normalization.units import measure

_FRACTIONS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "½": "one half",
        "⅓": "one third",
        "⅔": "two thirds",
        "¼": "one quarter",
        "¾": "three quarters",
        "⅕": "one fifth",
        "⅖": "two fifths",
        "⅗": "three fifths",
        "⅘": "four fifths",
        "⅙": "one sixth",
        "⅚": "five sixths",
        "⅛": "one eighth",
        "⅜": "three eighths",
        "⅝": "five eighths",
        "⅞": "seven eighths",
    },
    "de": {"½": "ein halb", "⅓": "ein Drittel", "⅔": "zwei Drittel", "¼": "ein Viertel", "¾": "drei Viertel"},
    "fr": {"½": "un demi", "⅓": "un tiers", "⅔": "deux tiers", "¼": "un quart", "¾": "trois quarts"},
    "es": {"½": "medio", "⅓": "un tercio", "⅔": "dos tercios", "¼": "un cuarto", "¾": "tres cuartos"},
    "it": {"½": "mezzo", "⅓": "un terzo", "⅔": "due terzi", "¼": "un quarto", "¾": "tre quarti"},
    "pt": {"½": "meio", "⅓": "um terço", "⅔": "dois terços", "¼": "um quarto", "¾": "três quartos"},
    "nl": {"½": "een half", "⅓": "een derde", "⅔": "twee derde", "¼": "een kwart", "¾": "drie kwart"},
    "pl": {"½": "pół", "⅓": "jedna trzecia", "⅔": "dwie trzecie", "¼": "jedna czwarta", "¾": "trzy czwarte"},
    "ru": {"½": "половина", "⅓": "одна треть", "⅔": "две трети", "¼": "одна четверть", "¾": "три четверти"},
}
"""Names of fractions; languages that are not listed name a fraction by its two numbers."""
_AND: Final = {
    "en": ("and ", "and a half"),
    "de": ("und ", "einhalb"),
    "fr": ("et ", "et demi"),
    "es": ("y ", "y medio"),
    "it": ("e ", "e mezzo"),
    "pt": ("e ", "e meio"),
    "nl": ("en ", "en een half"),
    "pl": ("i ", "i pół"),
    "ru": ("и ", "с половиной"),
}
"""Words after a whole number: before a fraction, and for one half."""
_GLYPH: Final = re.compile(r"(?:(?<=\d)\s?)?[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")

_PART: Final = re.compile(
    r"(?<![\w/.,])[1-7]/[23458](?![\d/.])(?=\s(?:cups?|teaspoons?|tablespoons?|tsp|tbsp|inch(?:es)?|hours?|miles?|pounds?|lbs?|oz"
    r"|ounces?|of (?:the|a|an|all|it|them|its|our|my|your)\b))"
)
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER: Final = re.compile(r"(?<![^\W\d_]{3})(?<=[\w)])([⁻⁺]?[⁰¹²³⁴-⁹]{1,4})")
"""Superscript digits after a number, a bracket or a single letter; after a word they mark a footnote."""
_LENGTH: Final = r"(mm|cm|dm|km|m|ft|in|mi|yd)"
_RAISED_UNIT: Final = re.compile(rf"(?<=[\d\s]){_LENGTH}([²³])(?!\w)")
_CYRILLIC: Final = re.compile(r"(?<=[\d\s])(мм|см|км|м)([²³])(?!\w)")
_LATIN: Final = str.maketrans("мск", "mck")
_AREAS: Final[dict[str, tuple[str, str]]] = {
    "en": ("square {}", "cubic {}"),
    "de": ("Quadrat{}", "Kubik{}"),
    "fr": ("{} carrés", "{} cubes"),
    "es": ("{} cuadrados", "{} cúbicos"),
    "it": ("{} quadrati", "{} cubi"),
    "pt": ("{} quadrados", "{} cúbicos"),
    "nl": ("vierkante {}", "kubieke {}"),
    "pl": ("{} kwadratowe", "{} sześcienne"),
    "ru": ("квадратных {}", "кубических {}"),
    "cs": ("{} čtvereční", "{} krychlové"),
    "hu": ("négyzet{}", "köb{}"),
    "tr": ("{}kare", "{}küp"),
    "ja": ("平方{}", "立方{}"),
    "zh": ("平方{}", "立方{}"),
    "ko": ("제곱{}", "세제곱{}"),
    "ar": ("{} مربع", "{} مكعب"),
    "hi": ("वर्ग {}", "घन {}"),
}
"""Patterns of units of area and of volume."""
_SINGULAR: Final = {
    "fr": ("{} carré", "{} cube"),
    "es": ("{} cuadrado", "{} cúbico"),
    "it": ("{} quadrato", "{} cubo"),
    "pt": ("{} quadrado", "{} cúbico"),
}
_SQUARED: Final = re.compile(r"(?<=[\w)])\^([23])(?![\w^.])")


def say_glyphs(text: str, base: str) -> str:
    """Normalize fraction signs, and write superscript digits with ``^``; must precede the unification of characters.

    Args:
        text: a sentence.
        base: its language, without a country.
    """
    if base in _FRACTIONS:
        text = _GLYPH.sub(functools.partial(_fraction, base=base), text)
    if base == "ru":
        text = _CYRILLIC.sub(lambda m: m[1].translate(_LATIN) + m[2], text)
    text = _RAISED_UNIT.sub(lambda m: f"{m[1]}^{m[2].translate(_RAISED)}", text)
    return _POWER.sub(lambda m: "^" + m[1].translate(_RAISED), text)


def say_parts(text: str, language: str) -> str:
    """Normalize fractions with a slash if the context shows that they are fractions; in English only.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    return _PART.sub(_part, text) if language == "en" and "/" in text else text


def _part(found: re.Match[str]) -> str:
    sign = unicodedata.normalize("NFKC", found[0])
    glyph = next(
        (glyph for glyph in _FRACTIONS["en"] if unicodedata.normalize("NFKC", glyph) == sign.replace("/", "⁄")), ""
    )
    return _FRACTIONS["en"].get(glyph, found[0])


def say_areas(text: str, language: str) -> str:
    """Normalize numbers with a unit of area or volume; in English ``^2`` is "squared".

    Args:
        text: a sentence in which raised figures stand behind ``^``.
        language: as for ``cardinal``.
    """
    if "^" not in text:
        return text
    if language[:2] in _AREAS:
        text = _area(language).sub(functools.partial(_said, language=language), text)
    return _SQUARED.sub(lambda m: " squared " if m[1] == "2" else " cubed ", text) if language == "en" else text


def _fraction(found: re.Match[str], *, base: str) -> str:
    sign = found[0].strip()
    said = _FRACTIONS[base].get(sign)
    if said is None:
        return found[0]
    behind = found.start() > 0 and found.string[found.start() - 1].isdigit()
    if not behind:
        before = found.string[: found.start()]
        return f"{' ' if before and not before[-1].isspace() else ''}{said} ".rstrip(" ") + " "
    conjunction, half = _AND[base]
    return f" {half if sign == '½' else conjunction + said} "


@functools.cache
def _area(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_])(?<!\d[.,])({numerals.pattern(language)})\s?(mm|cm|km|m)\^([23])(?!\w)")


def _said(found: re.Match[str], *, language: str) -> str:
    base = language[:2]
    power = 0 if found[3] == "2" else 1
    number, gap, noun = _divided(measure(found[1], found[2], language), found[1], language)
    is_one = numerals.read(found[1], language).quantity == 1
    form = _SINGULAR[base][power] if is_one and base in _SINGULAR else _AREAS[base][power]
    joined = form.startswith(("Quadrat", "Kubik"))
    return splice(found, number + gap + form.format(noun.lower() if joined else noun), language)


def _divided(said: str, written: str, language: str) -> tuple[str, str, str]:
    """Split a measure into its number, the text between, and its unit."""
    if " " in said:
        return said.rpartition(" ")
    number = numerals.say(numerals.read(written, language), language)
    return (number, "", said.removeprefix(number)) if said.startswith(number) else ("", "", said)
