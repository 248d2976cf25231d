"""Language codes: BCP-47 tags in, the codes of NLLB, XTTS, espeak-ng and Apertium out.

No other module knows language codes. Tags are normalized once, on input (``parse``), and compared by ``are_same``,
never as strings: ``en`` and ``en-US`` are written alike and need no translation.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from msgspec.structs import replace

from voicestream.config.language_table import ALIASES, MISTAKES, TABLE
from voicestream.errors import UsageError
from voicestream.records import FrozenRecord

_TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?", re.IGNORECASE
)
"""The part of BCP-47 (RFC 5646) used here: language, script and region."""

_LATIN_AMERICA: Final = frozenset(
    (
        "AR",
        "BO",
        "CL",
        "CO",
        "CR",
        "CU",
        "DO",
        "EC",
        "GT",
        "HN",
        "MX",
        "NI",
        "PA",
        "PE",
        "PR",
        "PY",
        "SV",
        "US",
        "UY",
        "VE",
    )
)
"""Regions in which the Spanish of region 419 is spoken."""

_HINT: Final = "Type a tag such as en, es, fr, de, ja, zh-TW or pt-BR; docs/internals/engines.md lists all of them."


class Language(FrozenRecord, frozen=True):
    """A language and its code in each engine; None if the engine does not support it."""

    tag: str
    """Normalised BCP-47 tag: ``ja``, ``pt-BR``, ``zh-Hant``."""
    name: str
    """In English."""
    flores: str | None
    """FLORES-200 code, for NLLB: ``jpn_Jpan``."""
    xtts: str | None
    """XTTS v2 code: ``zh-cn``."""
    espeak: str | None
    """espeak-ng voice: ``en-us``."""
    apertium: str | None
    """Apertium code, without a region: ``spa``."""

    @property
    def base(self) -> str:
        """Return the language without script and region: ``pt``."""
        return self.tag.partition("-")[0]

    @property
    def script(self) -> str:
        """Return the ISO 15924 code of its script here: ``Jpan``; empty if unknown."""
        return self.flores.partition("_")[2] if self.flores else ""

    @property
    def region(self) -> str | None:
        """Return the region in the tag: ``BR``, ``419``."""
        last = self.tag.rpartition("-")[2]
        return last if last != self.base and len(last) <= 3 else None  # noqa: PLR2004 - a script has four letters


@functools.lru_cache(maxsize=512)
def parse(tag: str) -> Language:
    """Return the language of a tag in any case: ``pt_br`` is ``pt-BR``, ``jpn`` is ``ja``.

    A region that is not in the table is kept in the tag and otherwise ignored: ``de-AT`` is spoken as ``de``.

    Raises:
        UsageError: the language is unknown; the hint has the nearest tag.
    """
    match = _TAG.fullmatch(tag.strip().replace("_", "-"))
    if match is None:
        raise _unknown(tag)
    typed = match["language"].lower()
    language = _aliases().get(typed, typed)
    script = match["script"].title() if match["script"] else None
    region = match["region"].upper() if match["region"] else None
    rows = _rows()
    row = rows.get(f"{language}-{region}") or rows.get(f"{language}-{script}") or rows.get(language)
    if row is None or (script is not None and script != row.script):
        raise _unknown(tag)
    if region is None or row.region == region:
        return row
    voice = rows["es-419"].espeak if language == "es" and region in _LATIN_AMERICA else row.espeak
    return replace(row, tag=f"{row.tag}-{region}", name=f"{row.name}, {region}", espeak=voice)


def are_same(first: str, second: str) -> bool:
    """Return whether text in ``first`` needs no translation to ``second``: same language and script, any region.

    Raises:
        UsageError: as for ``parse``.
    """
    one, other = parse(first), parse(second)
    if one.flores is None or other.flores is None:
        return one.base == other.base
    return one.flores == other.flores


def are_known_and_same(first: str, second: str) -> bool:
    """Return ``are_same`` of two tags, of which any may be unknown; then it is False."""
    try:
        return are_same(first, second)
    except UsageError:
        return False


def known() -> list[Language]:
    """Return all languages of the table by tag."""
    return sorted(_rows().values(), key=lambda language: language.tag)


@functools.cache
def _rows() -> dict[str, Language]:
    """Return the table by tag."""
    rows: dict[str, Language] = {}
    for line in TABLE.splitlines():
        tag, flores, xtts, espeak, apertium, name = line.split(maxsplit=5)
        codes = (None if code == "-" else code for code in (flores, xtts, espeak, apertium))
        rows[tag] = Language(tag, name, *codes)
    return rows


@functools.cache
def _aliases() -> dict[str, str]:
    """Return the map from other codes of a language to the tag in the table."""
    words = ALIASES.split()
    aliases: dict[str, str] = dict(zip(words[::2], words[1::2], strict=True))
    for row in _rows().values():
        for code in (row.flores, row.apertium):
            if code is not None and code[:3] not in _rows():
                # The first row of a language has neither script nor region. hbs has several: it stays unknown.
                aliases.setdefault(code[:3], row.base)
    aliases.pop("hbs", None)
    return aliases


def _unknown(tag: str) -> UsageError:
    nearest = suggestion(tag)
    hint = f'Did you mean "{nearest.tag}" ({nearest.name})? {_HINT}' if nearest else _HINT
    return UsageError(f'"{tag}" is not a language voicestream knows', hint=hint)


def suggestion(wrong: str) -> Language | None:
    """Return the language probably meant by a country code, an English name or a typing error."""
    typed = wrong.strip().lower().replace("_", "-")
    words = MISTAKES.split()
    mistakes = dict(zip(words[::2], words[1::2], strict=True))
    rows = _rows()
    names = {language.name.lower(): language.tag for language in rows.values()}
    tags = {tag.lower(): tag for tag in rows}
    for candidate in (typed, typed.partition("-")[0]):
        if candidate in mistakes:
            return parse(mistakes[candidate])
        if candidate in tags:
            return rows[tags[candidate]]
    import difflib  # noqa: PLC0415 - rarely needed, and takes its time

    for choices in (names, tags):
        if found := difflib.get_close_matches(typed, choices, n=1, cutoff=0.7):
            return rows[choices[found[0]]]
    return None
