"""Pronunciation dictionary of English in front of espeak-ng, from the package ``hibari-tts`` if it is installed.

The package has the dictionary in the phoneme symbols of Kokoro (Apache-2.0). Words that are not in it, and all words
without the package, are converted by espeak-ng.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import itertools
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.workers.text.compact_dict import CompactDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_DISTRIBUTION: Final = "hibari-tts"
_FILES: Final = {False: "lexicon_us_gold.json.gz", True: "lexicon_gb_gold.json.gz"}
"""By whether English is British."""

_MAX_BYTES: Final = 8 << 20
_SIBILANTS: Final = "szʃʒʧʤ"
_VOICELESS: Final = "ptkfθ"
_VOWELS: Final = frozenset("AIOQWYaeiouæɐɑɒɔəɚɛɜɪʊʌᵊᵻ")
_STRESS: Final = "ˈˌ"

_THE, _TO = "\x01", "\x02"
_WEAK: Final = {"a": "ɐ", "an": "ɐn", "An": "ɐn", "I": "ˌI", "the": _THE, "The": _THE, "to": _TO, "To": _TO}
"""Phonemes of words without stress; a control character where they depend on the next sound."""

_BEFORE_VERB: Final = frozenset(
    "to will would can could should may might must i you we they don't didn't doesn't won't can't let's please".split()
)
_ARTICLE: Final = re.compile(r"\AA (?=[a-z]{2})")
"""Elsewhere the capital is a letter: ``plan A``."""

_LONGEST_ABBREVIATION: Final = 3
"""Capitals that are spelled, though their letters may be a word: ``IT``, ``US``."""

_log = logging.getLogger(__name__)

Entry = str | dict[str, str | None]
"""Phonemes of a word; if they depend on its part of speech, by that, with ``DEFAULT``."""


class Lexicon:
    """Dictionary of American or British English."""

    def __init__(self, entries: Mapping[str, Entry], *, is_british: bool) -> None:
        self._entries = entries
        self._weak_vowel = "ɪ" if is_british else "ᵻ"

    def convert(self, text: str, unknown: Callable[[str], str]) -> str:
        """Convert a text without punctuation.

        Args:
            text: words.
            unknown: converts words that are not in the dictionary.
        """
        words = _ARTICLE.sub("a ", text.replace("-", " ")).split()
        found = [self._word(word, words[index - 1] if index else "") for index, word in enumerate(words)]
        parts: list[str] = []
        for is_known, run in itertools.groupby(range(len(words)), key=lambda index: found[index] is not None):
            indices = list(run)
            if is_known:
                parts += (str(found[index]) for index in indices)
            else:
                parts.append(unknown(" ".join(words[index] for index in indices)))
        return " ".join(_with_weak_forms([part for part in parts if part]))

    def _word(self, word: str, before: str) -> str | None:
        """Return the phonemes of a word, or of ``_WEAK``; None: it is not in the dictionary."""
        lower = word.lower()
        if word in _WEAK:
            return _WEAK[word]
        if word.isupper() and 1 < len(word) <= _LONGEST_ABBREVIATION:
            return None
        entry = self._entry(word)
        if entry is not None or not lower.endswith("s"):
            return self._phonemes(entry, before)
        endings = ("'s",) if lower.endswith("'s") else ("s", "es")
        stems = (self._entry(word[: -len(ending)]) for ending in endings if lower.endswith(ending))
        stem = self._phonemes(next((stem for stem in stems if stem is not None), None), before)
        return None if stem is None else self._plural(stem)

    def _entry(self, word: str) -> Entry | None:
        lower = word.lower()
        return next(
            (self._entries[form] for form in (word, lower, lower.capitalize()) if form in self._entries),
            None,
        )

    def _phonemes(self, entry: Entry | None, before: str) -> str | None:
        if isinstance(entry, dict):
            kind = "VERB" if before.lower() in _BEFORE_VERB else "DEFAULT"
            entry = entry.get(kind) or entry.get("DEFAULT")
        return None if entry is None else entry.replace("ɾ", "T").replace("ʔ", "t")

    def _plural(self, stem: str) -> str:
        if stem[-1] in _SIBILANTS:
            return f"{stem}{self._weak_vowel}z"
        return stem + ("s" if stem[-1] in _VOICELESS else "z")


def _with_weak_forms(parts: Sequence[str]) -> Iterator[str]:
    """Yield phonemes with the forms of ``the`` and ``to`` before a vowel, before a consonant and at the end."""
    for part, following in itertools.zip_longest(parts, parts[1:], fillvalue=""):
        is_vowel = following.lstrip(_STRESS)[:1] in _VOWELS
        if part == _THE:
            yield "ði" if is_vowel else "ðə"
        elif part == _TO:
            yield "tʊ" if is_vowel else "tə" if following else "tu"
        else:
            yield part


def load(*, is_british: bool) -> Lexicon | None:
    """Read the dictionary of the installed package; None if there is none that can be used."""
    try:
        distribution = importlib.metadata.distribution(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None
    file = Path(str(distribution.locate_file(f"hibari/assets/{_FILES[is_british]}")))
    try:
        content = gzip.decompress(bounded_file.read(file, _MAX_BYTES))
        entries = msgspec.json.decode(content, type=dict[str, str | dict[str, str | None]])
    except (OSError, EOFError, ValueError) as error:
        _log.warning("file=%s error=%r: falling back to espeak-ng for English words", str(file), error)
        return None
    return Lexicon(CompactDict(entries, Entry), is_british=is_british)
