"""Abbreviations that are common in agents' texts and their translations, with their full forms."""

from __future__ import annotations

import functools
import re
from typing import Final

_TABLE: Final[dict[str, str]] = {
    "cs": "např.: například | tj.: to jest | tzn.: to znamená | atd.: a tak dále | apod.: a podobně | tzv.: takzvaný",
    "de": """
z.B.: zum Beispiel | d.h.: das heißt | usw.: und so weiter | bzw.: beziehungsweise | ca.: circa | vgl.: vergleiche
u.a.: unter anderem | evtl.: eventuell | ggf.: gegebenenfalls | inkl.: inklusive | etc.: et cetera | sog.: sogenannte
Nr.: Nummer | i.d.R.: in der Regel | o.ä.: oder ähnliches | u.U.: unter Umständen
""",
    "en": """
e.g.: for example | i.e.: that is | etc.: et cetera | vs.: versus | approx.: approximately | w.r.t.: with respect to
""",
    "es": "p.ej.: por ejemplo | etc.: etcétera | aprox.: aproximadamente",
    "fr": "p.ex.: par exemple | etc.: et cetera | c.-à-d.: c'est-à-dire",
    "hu": "pl.: például | stb.: satöbbi | ill.: illetve | ún.: úgynevezett | vö.: vesd össze",
    "it": "ad es.: ad esempio | p.es.: per esempio | ecc.: eccetera | cfr.: confronta",
    "nl": """
bijv.: bijvoorbeeld | bv.: bijvoorbeeld | d.w.z.: dat wil zeggen | enz.: enzovoort | ca.: circa | o.a.: onder andere
i.p.v.: in plaats van | m.b.t.: met betrekking tot | evt.: eventueel | t.o.v.: ten opzichte van | etc.: et cetera
""",
    "pl": """
np.: na przykład | itd.: i tak dalej | itp.: i tym podobne | tzn.: to znaczy | m.in.: między innymi
tj.: to jest | tzw.: tak zwany | wg: według | nr: numer
""",
    "pt": "p.ex.: por exemplo | etc.: et cetera | aprox.: aproximadamente",
    "ru": """
т.е.: то есть | и т.д.: и так далее | и т.п.: и тому подобное | напр.: например | т.к.: так как | и др.: и другие
т.н.: так называемый
""",
    "tr": "örn.: örneğin | vb.: ve benzeri | vs.: vesaire | yakl.: yaklaşık | bkz.: bakınız",
}

_ABOUT: Final = {
    "cs": (re.compile(r"\bč\.\s?(?=\d)"), "číslo "),
    "fr": (re.compile(r"\benv\.\s?(?=\d)"), "environ "),
    "hu": (re.compile(r"\bkb\.\s?(?=\d)"), "körülbelül "),
    "pl": (re.compile(r"\bok\.\s?(?=\d)"), "około "),
}
"""Abbreviations with another meaning where no number follows."""


def say_abbreviations(text: str, language: str) -> str:
    """Expand abbreviations; a full stop that also ends the sentence stays.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    base = language[:2]
    if base not in _TABLE:
        return text
    if base in _ABOUT:
        about, written_out = _ABOUT[base]
        text = about.sub(written_out, text)
    return _pattern(base).sub(functools.partial(_written_out, base=base), text)


@functools.cache
def _entries(base: str) -> dict[str, str]:
    entries = (entry.rpartition(": ") for entry in re.split(r"\n| \| ", _TABLE[base].strip()))
    return {short.replace(" ", "").casefold(): long for short, _, long in entries}


@functools.cache
def _pattern(base: str) -> re.Pattern[str]:
    shorts = [entry.rpartition(": ")[0] for entry in re.split(r"\n| \| ", _TABLE[base].strip())]
    # Both z.B. and z. B., with any spaces.
    flexible = (
        re.escape(short).replace(r"\ ", r"\s").replace(r"\.", r"\.\s?").removesuffix(r"\s?") for short in shorts
    )
    names = "|".join(sorted(flexible, key=len, reverse=True))
    return re.compile(rf"(?<![\w.-])(?:{names})(?!\w)", re.IGNORECASE)


def _written_out(found: re.Match[str], *, base: str) -> str:
    short = re.sub(r"\s", "", found[0]).casefold()
    rest = found.string[found.end() :].strip("\"')]}»”")
    ends = short.endswith(".") and not rest
    return _entries(base)[short] + ("." if ends else "")
