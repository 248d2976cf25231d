"""Original and translation, analysed once for all checks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.workers.translation import code_names

if TYPE_CHECKING:
    from voicestream.config.languages import Language

_RUN: Final = re.compile(r"[A-Za-z\u00c0-\u024f]+|[^\W\d_A-Za-z\u00c0-\u024f]+")
"""Runs of letters of Latin script or of others: ``main.pyを`` has three."""


_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Pair:
    """Original and translation in NFKC, with their languages."""

    original: str
    translation: str
    source: Language
    target: Language

    @classmethod
    def of(cls, original: str, translation: str, source: str, target: str) -> Pair:
        """Create a pair from raw texts and BCP-47 tags.

        Raises:
            UsageError: there is no such language.
        """
        return cls(
            unicodedata.normalize("NFKC", original),
            unicodedata.normalize("NFKC", translation),
            languages.parse(source),
            languages.parse(target),
        )

    @property
    def source_script(self) -> str:
        """ISO 15924 code; empty if unknown."""
        return self.source.script

    @property
    def target_script(self) -> str:
        """ISO 15924 code; empty if unknown."""
        return self.target.script

    @cached_property
    def runs(self) -> tuple[list[str], list[str]]:
        """Case-folded runs of letters of original and translation."""
        return _RUN.findall(self.original.casefold()), _RUN.findall(self.translation.casefold())

    @cached_property
    def own(self) -> tuple[list[str], list[str]]:
        """Runs that occur in only one of the texts, without names and untranslated words."""
        mine, theirs = self.runs
        return _without(mine, theirs, self.translation.casefold()), _without(theirs, mine, self.original.casefold())

    @cached_property
    def plain_words(self) -> list[str]:
        """Case-folded words of the original that are neither identifiers nor visible proper names.

        Where there are no capitals, every run of letters counts; where there are no spaces, every three letters.
        """
        found = [run for run in _RUN.findall(code_names.without(self.original)) if len(run) > 1 and run == run.lower()]
        if self.source_script in SPACELESS:
            return [run[at : at + 3] for run in found for at in range(0, len(run), 3)]
        return found


HAN: Final = frozenset(("Hans", "Hant", "Jpan"))
"""Scripts with Han characters."""

SPACELESS: Final = frozenset(("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"))
"""Scripts without spaces between words."""


def _without(runs: list[str], others: list[str], text: str) -> list[str]:
    """Remove runs that occur in the other text, also as substrings where it has no spaces."""
    there = set(others)
    # Latin words within Japanese text.
    parts = [other for other in there if len(other) > 1 and _UNSPACED.match(other)]
    found: list[str] = []
    for run in runs:
        if run in there or (not run.isascii() and len(run) > 1 and run in text):
            continue
        rest = run
        for part in parts:
            rest = rest.replace(part, "")
        if rest:
            found.append(rest)
    return found
