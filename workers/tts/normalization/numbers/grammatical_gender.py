"""Grammatical gender of counted nouns: detection of the noun after a number, and of its gender."""

from __future__ import annotations

import re
from typing import Final

_NEXT: Final = re.compile(r"\s([^\W\d_]{2,})")
_PREVIOUS: Final = re.compile(r"([^\W\d_]+)\s\Z")

_NOT_COUNTED: Final = frozenset(
    """
    und oder bis von zu mal ist sind war wird wurde hat in im auf an aus mit bei für als wie nach durch über gegen
    y o a de del en es son fue con por para que ha al se e ou da do em no na é são foi com di in con per che non
    et à est sur dans par pour que ne se
    i lub z w na do jest są był nie od po o a nebo je jsou byl ve s ze se k
    и или из в на до от по с не это есть был к о для
    """.split()
)
"""Words after a number that are not counted nouns."""
_LABELS: Final = frozenset(
    """
    línea paso versión página puerto número fase parte opción nivel código capítulo sección
    riga passo versione pagina porta numero opzione livello codice capitolo sezione punto
    linha versão porto opção nível seção ponto
    строка строке строки строку шаг шаге версия версии страница порт порту номер этап пункт глава код кодом
    linia linii wiersz wierszu krok kroku wersja strona port porcie numer etap punkt kod kodem rozdział
    řádek řádku krok verze strana číslo bod kapitola kód kódem
    """.split()
)
"""Words before a number that is a label and not a count."""

_LONGEST_LABEL: Final = 80
"""Characters before a number that are searched for such a word."""
_SHORTEST_GERMAN_NOUN: Final = 4
"""Minimum length of a German noun: Es, Die and Ihr have capital letters at the start of a sentence."""

_MASCULINE: Final = frozenset(
    """
    problema problemas sistema sistemas programa programas esquema esquemas tema temas día días dia dias mapa mapas
    problemi sistemi programma programmi schemi schema
    """.split()
)
"""Masculine nouns with a feminine ending in Spanish, Italian and Portuguese."""
_FEMININE: Final = {
    "cs": re.compile(r"[ay]\Z"),
    "de": re.compile(r"(?:e|ung|heit|keit|schaft|ion|tät|ei)\Z"),
    "fr": re.compile(
        r"(?:[ts]ion|ité|ance|ence|ture|ette|esse|ée|erreur|ligne|classe|méthode|fonction|variable|branche|tâche|minute"
        r"|seconde|heure|requête|page|étape|fois|clé|base|table|image|semaine|mise|partie|tentative|commande)s?\Z"
    ),
    "es": re.compile(r"(?:as?|ción|ciones|sión|siones|dad|dades)\Z"),
    "it": re.compile(r"(?:a|zione|zioni|sione|sioni|tà)\Z"),
    "pl": re.compile(r"[a]\Z"),
    "pt": re.compile(r"(?:as?|ção|ções|são|sões|dade|dades|gem|gens)\Z"),
    "ru": re.compile(r"[ая]\Z"),
}
_NEUTER: Final = {"cs": re.compile(r"[oe]\Z"), "pl": re.compile(r"[oe]\Z"), "ru": re.compile(r"[ое]\Z")}
_AFTER_TWO: Final = {
    "cs": re.compile(
        r"(?:[eě]|chyby|stránky|metody|třídy|minuty|hodiny|sekundy|změny|zprávy|položky|proměnné|knihovny|složky|a)\Z"
    ),
    "pl": re.compile(r"e\Z"),
    "ru": re.compile(r"[иы]\Z"),
}


def gender(before: str, behind: str, language: str, count: int | None) -> str:
    """Return the gender of the noun that a number counts: ``m``, ``f``, ``n``; empty = none.

    Args:
        before: the text before the number.
        behind: the text after it.
        language: without a country.
        count: the number; None for a fraction.
    """
    found = _NEXT.match(behind)
    if found is None or found[1].lower() in _NOT_COUNTED or _is_label(before, language):
        return ""
    noun = found[1].lower()
    if language in _AFTER_TWO and count is not None and count % 10 == 2:  # noqa: PLR2004 - two has a plural behind it
        return "f" if _AFTER_TWO[language].search(noun) else "m"
    if language in _FEMININE and _FEMININE[language].search(noun):
        return "m" if noun in _MASCULINE else "f"
    return "n" if language == "de" or (language in _NEUTER and _NEUTER[language].search(noun)) else "m"


def _is_label(before: str, language: str) -> bool:
    """Return whether a number is the label of the word before it, as in "line 1"."""
    previous = _PREVIOUS.search(before, max(0, len(before) - _LONGEST_LABEL))
    if previous is None:
        return False
    word = previous[1]
    return word.lower() in _LABELS or (language == "de" and word[0].isupper() and len(word) >= _SHORTEST_GERMAN_NOUN)
