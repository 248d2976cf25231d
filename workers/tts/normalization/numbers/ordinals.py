"""Ordinal numbers in the nominative, and in the forms needed for dates and hours."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization.numbers import arabic, hindi, turkish
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal
from voicestream.workers.tts.normalization.numbers.korean import native

_CZECH: Final = (
    *("nultý", "první", "druhý", "třetí", "čtvrtý", "pátý", "šestý", "sedmý", "osmý", "devátý", "desátý"),
    *("jedenáctý", "dvanáctý", "třináctý", "čtrnáctý", "patnáctý", "šestnáctý", "sedmnáctý", "osmnáctý", "devatenáctý"),
)
_CZECH_TENS: Final = (
    *("", "", "dvacátý", "třicátý", "čtyřicátý", "padesátý", "šedesátý", "sedmdesátý", "osmdesátý", "devadesátý"),
)
_CZECH_HUNDREDS: Final = (
    *("", "stý", "dvoustý", "třístý", "čtyřstý", "pětistý", "šestistý", "sedmistý", "osmistý", "devítistý"),
)
_LEAST_FALLBACK: Final = 1000
"""Czech ordinals from this number on are spoken as cardinals."""

_Endings = dict[str, tuple[tuple[re.Pattern[str], str], ...]]

_FEMININE: Final[_Endings] = {
    "cs": ((re.compile(r"ý\b"), "á"),),
    "es": ((re.compile(r"o\b"), "a"),),
    "fr": ((re.compile(r"premier\Z"), "première"),),
    "it": ((re.compile(r"o\Z"), "a"),),
    "pl": ((re.compile(r"(?<=[gk])i\Z"), "a"), (re.compile(r"ci\Z"), "cia"), (re.compile(r"y(?= |\Z)"), "a")),
    "pt": ((re.compile(r"o\b"), "a"),),
    "ru": ((re.compile(r"третий\Z"), "третья"), (re.compile(r"[ыо]й\Z"), "ая")),
}
_NEUTER: Final[_Endings] = {"ru": ((re.compile(r"третий\Z"), "третье"), (re.compile(r"[ыо]й\Z"), "ое"))}
_GENITIVE: Final[_Endings] = {
    "cs": ((re.compile(r"ý\b"), "ého"), (re.compile(r"(?<=třet)í\Z|(?<=prvn)í\Z"), "ího")),
    "pl": ((re.compile(r"(?<=[gk])i\Z"), "iego"), (re.compile(r"ci\Z"), "ciego"), (re.compile(r"y(?= |\Z)"), "ego")),
    "ru": ((re.compile(r"третий\Z"), "третьего"), (re.compile(r"[ыо]й\Z"), "ого")),
}
_LOCATIVE: Final[_Endings] = {"ru": ((re.compile(r"третий\Z"), "третьем"), (re.compile(r"[ыо]й\Z"), "ом"))}
"""Endings of the other forms, derived from the masculine nominative."""
_FORMS: Final = {
    "feminine": _FEMININE,
    "neuter": _NEUTER,
    "genitive": _GENITIVE,
    "locative": _LOCATIVE,
}


@functools.lru_cache(maxsize=1024)
def ordinal(number: int, language: str, form: str = "masculine") -> str:
    """Return an ordinal number in words.

    Args:
        number: 0 or more.
        language: as for ``cardinal``.
        form: ``masculine``, ``feminine``, ``neuter``, ``genitive``, ``locative``; where a language has no such form,
            or it is not known here, the masculine nominative.
    """
    said = _masculine(number, language)
    for wrong, right in _FORMS.get(form, {}).get(language[:2], ()):
        said = wrong.sub(right, said)
    if form == "feminine" and language == "hi":
        return hindi.ordinal(number, ending="ी")
    return said


def _masculine(number: int, language: str) -> str:  # noqa: PLR0911 - a table
    match language:
        case "ar":
            return arabic.ordinal(number)
        case "cs":
            return _czech(number)
        case "hi":
            return hindi.ordinal(number)
        case "ja":
            return cardinal(number, language) + "番目"
        case "ko":
            return ("첫" if number == 1 else native(number) or cardinal(number, language)) + " 번째"
        case "tr":
            return turkish.ordinal(number)
        case "zh":
            return "第" + cardinal(number, language)
        case _:
            pass
    if number == 0 and language == "pl":
        return "zerowy"  # at which num2words raises
    from num2words import num2words

    return num2words(number, lang=language, to="ordinal").replace(",", "")


def _czech(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if number >= _LEAST_FALLBACK:
        return cardinal(number, "cs")
    if hundreds and not rest:
        return _CZECH_HUNDREDS[hundreds]
    before = cardinal(hundreds * 100, "cs") + " " if hundreds else ""
    if rest < len(_CZECH):
        return before + _CZECH[rest]
    tens, ones = divmod(rest, 10)
    return before + _CZECH_TENS[tens] + (" " + _CZECH[ones] if ones else "")
