"""A text in the symbols of Kokoro: which language takes which way.

espeak-ng makes them of English, Spanish, French, Hindi, Italian and Portuguese; Japanese and Chinese have packages of
their own, which are imported at their first sentence. Latin words in these two are read as English.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.kokoro import ipa_mapping, punctuation
from voicestream.workers.engines.kokoro.model import INSTALL, LANGUAGES
from voicestream.workers.espeak_ng import library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicestream.workers.espeak_ng.library import EspeakLibrary

_PACKAGES: Final = {"ja": ("fugashi", "unidic_lite"), "zh": ("rjieba", "pypinyin")}

_BRAZILIAN: Final = "pt-br"
"""Kokoro has heard no other Portuguese."""

_BRITISH, _AMERICAN = "en", "en-us"
"""What espeak-ng calls them."""

_UNSPEAKABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_LATIN: Final = re.compile(r"([A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ' -]*)")
_ORDINARY_SPEED: Final = 175


def supports(language: str) -> bool:
    """Whether Kokoro speaks the language of a BCP-47 tag, be its packages installed or not."""
    try:
        base = languages.parse(language).base
    except UsageError:
        return False
    return base in LANGUAGES


def require(language: str) -> None:
    """Make sure that the packages of a language are installed, without importing them.

    Raises:
        EngineNotReadyError: some are not.
    """
    spoken = languages.parse(language)
    missing = [name for name in _PACKAGES.get(spoken.base, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineNotReadyError(
            f"Kokoro needs {', '.join(missing)} to speak {spoken.name}, not installed here", hint=INSTALL
        )


class Phonemes:
    """Makes phonemes of texts."""

    def __init__(self, library: Path, data: Path) -> None:
        """``library`` and ``data``: of espeak-ng."""
        self._library = library
        self._data = data
        self._own: dict[str, Callable[[str], str]] = {}
        """Of Japanese and Chinese, once they are loaded."""

    def of(self, text: str, language: str, *, is_british: bool) -> str:
        """The phonemes of a text, with its marks.

        Args:
            text: to be said; no numbers, no markup.
            language: BCP-47 tag; ``supports`` said yes.
            is_british: which English.

        Raises:
            EngineNotReadyError: a package is missing.
            EspeakError: espeak-ng cannot be used.
        """
        require(language)
        spoken = languages.parse(language)
        with library.loaded(self._library, self._data) as espeak:
            espeak.set_up(_voice(spoken, is_british=is_british), _ORDINARY_SPEED, 0)
            read = self._reader(spoken, espeak, is_british=is_british)
            found = "".join(
                read(words) + mark for words, mark in punctuation.split(_UNSPEAKABLE.sub(" ", text)) if words or mark
            )
        return " ".join(found.split())

    def _reader(self, language: languages.Language, espeak: EspeakLibrary, *, is_british: bool) -> Callable[[str], str]:
        """What makes phonemes of a stretch of text without marks."""

        def read(words: str) -> str:
            return espeak.phonemes(words.encode(), ipa_mapping.TIE)

        def english(words: str) -> str:
            return ipa_mapping.english(read(words), is_british=is_british)

        if language.base == "en":
            return english
        if language.base in _PACKAGES:
            own = self._own_of(language.base)
            return lambda words: _mixed(words, own, english)
        return lambda words: ipa_mapping.other(read(words))

    def _own_of(self, base: str) -> Callable[[str], str]:
        if base not in self._own:
            try:
                self._own[base] = _load(base)
            except (ImportError, RuntimeError) as error:
                raise EngineNotReadyError(
                    f"the dictionary of a language cannot be used: {error}", hint=INSTALL
                ) from error
        return self._own[base]


def _voice(language: languages.Language, *, is_british: bool) -> str:
    """The voice of espeak-ng that reads a language, and with Japanese and Chinese the English words in it."""
    if language.base == "en" or language.base in _PACKAGES:
        return _BRITISH if is_british else _AMERICAN
    return _BRAZILIAN if language.base == "pt" else str(language.espeak)


def _load(base: str) -> Callable[[str], str]:
    if base == "ja":
        from voicestream.workers.engines.kokoro.japanese import Japanese

        return Japanese().phonemes
    from voicestream.workers.engines.kokoro.chinese import Chinese

    return Chinese().phonemes


def _mixed(words: str, own: Callable[[str], str], english: Callable[[str], str]) -> str:
    parts = [
        english(part.strip()) if _LATIN.fullmatch(part) else own(part) for part in _LATIN.split(words) if part.strip()
    ]
    return " ".join(part for part in parts if part)
