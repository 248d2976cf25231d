"""Text normalization of symbols: those that stand for words first, the others after the numbers."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization import symbol_words

_LETTER: Final = r"[^\W\d_]"

_ARROW: Final = r"(?:<?-{1,2}>|={1,2}>|[→⇒⟶➜➔➝↦⟹])"
_ARROW_SIGNS: Final = ">→⇒⟶➜➔➝↦⟹"
_FIRST: Final = (
    (_ARROW_SIGNS, rf"\s*{_ARROW}\s*", "arrow"),
    ("<≤⩽", r"<=|≤|⩽", "most"),
    (">≥⩾", r">=|≥|⩾", "least"),
    ("!≠<", r"!==?|≠|<>", "unequal"),
    ("-", r"(?<![^\s(])(?<![=,<>+*/-]\s)-(?=[A-Za-z]{1,3}(?![\w-]))", "dash"),
    ("=", r"(?<=[\w\s)\]'])(?<!=)={1,3}(?=[\w\s(\['.-])", "equals"),
    ("~≈", r"(?<!\w)[~≈]\s?(?=[\d$€£¥])", "about"),
    ("≈", r"≈", "about"),
    ("<", r"(?<=\s)<(?=\s)|(?<![\w/])<\s?(?=[\d.$])", "less"),
    (">", r"(?<=\s)>(?=\s)|(?<![\w/])>\s?(?=[\d.$])", "greater"),
    ("±+", r"±|\+/-", "plusminus"),
    ("&", r"(?<=\w)&(?=\w)|(?<!&)&(?!&)|&&", "and"),
    ("+", r"(?<=[A-Za-z])\+\+", "plus plus"),
    ("+", r"(?<=\s)\+(?=\s)|(?<![\w+])\+\s?(?=\d)|(?<=\d)\+(?!\w)|(?<=\w)\+(?=\w)", "plus"),
    ("#", r"(?<![A-Za-z0-9])(?<=[^A-Za-z0-9])#\s?(?=\d)|\A#\s?(?=\d)", "number"),
    ("+", r"(?<![^\s(])\+(?=[A-Za-z]{1,4}(?!\w))", "plus"),
    ("~", r"(?<=[A-Za-z])~(?=\d)", "tilde"),
    ("*", r"(?<![\w*])\*(?=\.\w)", "star"),
    ("@", r"(?<=\w)@(?=\w)|(?<=\s)@(?=\s)", "at"),
    ("×*", r"(?<=\s)[×*](?=\s)", "multiplied"),
)
"""Symbols that a text must contain, the pattern, and the words.

The check for symbols is cheap, and most texts have none.
"""
_OUTER_ARROW: Final = re.compile(rf"\A\s*{_ARROW}|{_ARROW}\s*\Z")
"""Arrow at the start or the end of a text, which is dropped."""
_POWER: Final = re.compile(r"(?<=[\w)])\^[{(]?(-?\w+)[})]?")
_PER: Final = re.compile(
    r"(?<=[\w$€£])/(?=(?:min|h|sec|second|minute|hour|day|week|month|year|token|request|Sekunde|Minute|Stunde|Tag|Woche|Monat|"
    r"Jahr|mois|jour|heure|an|mes|día|hora|año|mese|giorno|ora|anno|mês|dia|ano|месяц|день|час|год|maand|dag|uur|jaar)\b)"
)
_SHARP: Final = re.compile(r"(?<![A-Za-z0-9])([A-G])[#♯](?!\w)")
_LAST: Final = (
    ("%", r"%", "percent"),
    ("°", r"°", "degree"),
    ("€", r"€", "euro"),
    ("$", r"\$(?!\w)", "dollar"),
    ("£", r"£", "pound"),
    ("×", r"×", "multiplied"),
    (
        ".",
        rf"(?<={_LETTER}{_LETTER})\.(?={_LETTER})(?!\w+\.\w?\Z)|(?<={_LETTER})\.(?={_LETTER}{_LETTER})|(?<![\w.])\.(?={_LETTER})",
        "dot",
    ),
)
_CAMEL: Final = re.compile(
    r"(?<=[a-zà-öø-ÿ]{2})(?=[A-Z][a-z])|(?<=[a-z][A-Z][a-z])(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})"
)
_ENDINGS: Final = {
    "hu": re.compile(r"\b(perc|óra|másodperc|százalék|fok|bájt|hertz|dollár|euró)-(?=[a-záéíóöőúüű])"),
    "tr": re.compile(
        r"\b(sıfır|bir|iki|üç|dört|beş|altı|yedi|sekiz|dokuz|on|yirmi|otuz|kırk|elli|altmış|yetmiş|seksen|doksan|yüz|bin|"
        r"milyon|milyar|bayt|saniye|lira|dolar)'(?=[a-zçğıöşü])"
    ),
}
"""Hyphen or apostrophe between a word that replaces digits and its ending; it is removed."""
_JOINING: Final = frozenset(("ja", "zh"))


def say_signs(text: str, language: str) -> str:
    """Normalize symbols that stand for words; must precede the numbers, which disambiguate some of them.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    base = language[:2]
    if "#" in text or "♯" in text:
        text = _SHARP.sub(rf"\1 {symbol_words.word('sharp', base)}", text)
    if _has(text, _ARROW_SIGNS):
        text = _OUTER_ARROW.sub(" ", text)
    if "^" in text:
        text = _POWER.sub(lambda m: f" {symbol_words.word('power', base).format(m[1])} ", text)
    text = _replaced(text, base, first=True)
    return _PER.sub(f" {symbol_words.word('per', base)} ", text) if "/" in text else text


def say_rest(text: str, language: str) -> str:
    """Normalize symbols that remain after the numbers, and split names of code.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _replaced(text, language[:2], first=False)
    if language in _ENDINGS:
        text = _ENDINGS[language].sub(r"\1", text)
    return text if text.islower() else _CAMEL.sub(" ", text)


def _has(text: str, signs: str) -> bool:
    return any(sign in text for sign in signs)


def _replaced(text: str, base: str, *, first: bool) -> str:
    for signs, pattern, said in _replacements(base, first=first):
        if _has(text, signs):
            text = pattern.sub(said, text)
    return text


@functools.cache
def _replacements(base: str, *, first: bool) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    gap = "" if base in _JOINING else " "
    return tuple(
        (signs, re.compile(pattern), gap + " ".join(symbol_words.word(name, base) for name in names.split()) + gap)
        for signs, pattern, names in (_FIRST if first else _LAST)
    )
