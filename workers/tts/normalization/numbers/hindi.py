"""Hindi cardinal and ordinal numbers; each number below a hundred has a word of its own."""

from __future__ import annotations

from typing import Final

_BELOW_HUNDRED: Final = """
शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस
तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास
पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ
साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी
अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी
नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
""".split()
_PLACES: Final = ((10**11, "खरब"), (10**9, "अरब"), (10**7, "करोड़"), (10**5, "लाख"), (10**3, "हज़ार"), (100, "सौ"))
_ORDINALS: Final = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}
"""Irregular stems of ordinals."""


def cardinal(number: int) -> str:
    """Return a cardinal number: ``2026`` is ``दो हज़ार छब्बीस``."""
    said: list[str] = []
    rest = number
    for value, name in _PLACES:
        count, rest = divmod(rest, value)
        if count:
            said.append(f"{cardinal(count)} {name}")
    if rest or not said:
        said.append(_BELOW_HUNDRED[rest])
    return " ".join(said)


def ordinal(number: int, *, ending: str = "ा") -> str:
    """Return an ordinal number: ``3`` is ``तीसरा``; ``ending`` is the vowel of gender and case."""
    if number in _ORDINALS:
        return _ORDINALS[number] + ending
    return cardinal(number) + {"ा": "वाँ", "ी": "वीं", "े": "वें"}[ending]
