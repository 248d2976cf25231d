"""Inflection of numbers before nouns, and of nouns after numbers."""

from __future__ import annotations

import re
from typing import Final

_GENDERS: Final[dict[str, dict[str, tuple[str, str, str]]]] = {
    "cs": {"jedna": ("jeden", "jedna", "jedno"), "dva": ("dva", "dvě", "dvě")},
    "de": {"eins": ("ein", "eine", "ein")},
    "es": {
        "uno": ("un", "una", "un"),
        "veintiuno": ("veintiún", "veintiuna", "veintiún"),
    },
    "fr": {"un": ("un", "une", "un")},
    "it": {"uno": ("un", "una", "un")},
    "nl": {"één": ("één", "één", "één")},
    "pl": {"jeden": ("jeden", "jedna", "jedno"), "dwa": ("dwa", "dwie", "dwa")},
    "pt": {"um": ("um", "uma", "um"), "dois": ("dois", "duas", "dois")},
    "ru": {"один": ("один", "одна", "одно"), "два": ("два", "две", "два")},
}
"""Final words of numbers by language, with their masculine, feminine and neuter forms."""

_HUNDREDS: Final = {"es": re.compile(r"(?<=ient)os\b"), "pt": re.compile(r"(?<=ent)os\b")}
"""Endings of two to nine hundred, which are inflected for gender."""


def agree(number: str, language: str, gender: str) -> str:
    """Return a number in the form used before a noun.

    Args:
        number: in words.
        language: without a country.
        gender: of the noun, ``m``, ``f`` or ``n``; empty = there is no noun.
    """
    if not gender:
        return number
    if language == "hu":
        return number.removesuffix("kettő") + "két" if number.endswith("kettő") else number
    if language == "zh":
        return "两" if number == "二" else number
    if gender == "f" and language in _HUNDREDS:
        number = _HUNDREDS[language].sub("as", number)
    before, space, last = number.rpartition(" ")
    forms = _GENDERS.get(language, {}).get(last)
    if forms is None or (language == "pl" and space and last == "jeden"):
        return number
    return before + space + forms["mfn".index(gender)]


def form(count: int | None, language: str) -> int:
    """Return the index of a noun's form after a number.

    Args:
        count: None for a fraction.
        language: without a country.

    Returns:
        0 = singular, 1 = plural; in Slavic languages 1 = two to four, 2 = five and more, 3 = a fraction.
    """
    match language:
        case "ru":
            return 1 if count is None else _russian(count)
        case "pl":
            return 3 if count is None else 0 if count == 1 else _few_or_many(count)
        case "cs":
            return 3 if count is None else 0 if count == 1 else 1 if 1 < count < 5 else 2  # noqa: PLR2004
        case "fr":
            return 0 if count is None or count < 2 else 1  # noqa: PLR2004
        case "ar":
            return 1 if count is not None and 3 <= count % 100 <= 10 else 0  # noqa: PLR2004
        case _:
            return 0 if count == 1 else 1


def _russian(count: int) -> int:
    if count % 10 == 1 and count % 100 != 11:  # noqa: PLR2004
        return 0
    return _few_or_many(count)


def _few_or_many(count: int) -> int:
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2  # noqa: PLR2004
