"""Grapheme-to-phoneme conversion for Kokoro, by language.

espeak-ng converts English, Spanish, French, Hindi, Italian and Portuguese; English words are looked up in a dictionary
first if there is one. Japanese and Chinese have packages of their
own, which are imported with the first sentence; Latin words in them are read as English.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.kokoro import ipa_mapping, lexicon
from voicestream.workers.engines.kokoro.model import INSTALL, LANGUAGE_PACKAGES, LANGUAGES
from voicestream.workers.espeak_ng import library
from voicestream.workers.onnx_voice import punctuation
from voicestream.workers.text.control_characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicestream.workers.engines.kokoro.lexicon import Lexicon
    from voicestream.workers.espeak_ng.library import EspeakLibrary

_PORTUGUESE_VOICE: Final = "pt-br"
"""The only Portuguese that Kokoro was trained on."""

_BRITISH, _AMERICAN = "en", "en-us"
"""Voices of espeak-ng."""

_LATIN: Final = re.compile(r"([A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ' -]*)")
_WORDS_PER_MINUTE: Final = 175


def supports(language: str) -> bool:
    """Return whether Kokoro speaks the language of a BCP-47 tag; its packages may be missing."""
    try:
        base = languages.parse(language).base
    except UsageError:
        return False
    return base in LANGUAGES


def require(language: str) -> None:
    """Check that the packages of a language are installed, without importing them.

    Raises:
        EngineNotReadyError: a package is missing.
    """
    spoken = languages.parse(language)
    missing = [name for name in LANGUAGE_PACKAGES.get(spoken.base, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineNotReadyError(
            f"Kokoro needs {', '.join(missing)} to speak {spoken.name}, not installed here", hint=INSTALL
        )


class Phonemizer:
    """Phonemizer of all languages of Kokoro."""

    def __init__(self, library: Path, data: Path) -> None:
        """Take the paths of the library and the data of espeak-ng."""
        self._library = library
        self._data = data
        self._native: dict[str, Callable[[str], str]] = {}
        """Phonemizers of Japanese and Chinese, once loaded."""
        self._lexicons: dict[bool, Lexicon | None] = {}
        """Dictionaries by whether English is British, once looked for."""

    def convert(self, text: str, language: str, *, is_british: bool) -> str:
        """Convert a text to phonemes with punctuation.

        Args:
            text: normalized.
            language: BCP-47 tag that ``supports`` accepts.
            is_british: whether English is British.

        Raises:
            EngineNotReadyError: a package is missing.
            EspeakError: espeak-ng cannot be used.
        """
        require(language)
        spoken = languages.parse(language)
        with library.loaded(self._library, self._data) as espeak:
            espeak.configure(_voice(spoken, is_british=is_british), _WORDS_PER_MINUTE, 0)
            read = self._reader(spoken, espeak, is_british=is_british)
            found = "".join(
                read(words) + punctuation_mark
                for words, punctuation_mark in punctuation.split(without_control_characters(text))
                if words or punctuation_mark
            )
        return " ".join(found.split())

    def _reader(self, language: languages.Language, espeak: EspeakLibrary, *, is_british: bool) -> Callable[[str], str]:
        """Return the converter of texts without punctuation."""

        def read(words: str) -> str:
            return espeak.phonemes(words.encode(), ipa_mapping.TIE)

        def by_rule(words: str) -> str:
            return ipa_mapping.english(read(words), is_british=is_british)

        def english(words: str) -> str:
            found = self._lexicon_for(is_british=is_british)
            return by_rule(words) if found is None else found.convert(words, by_rule)

        if language.base == "en":
            return english
        if language.base in LANGUAGE_PACKAGES:
            native = self._native_for(language.base)
            return lambda words: _with_english_words(words, native, english)
        return lambda words: ipa_mapping.other(read(words))

    def _lexicon_for(self, *, is_british: bool) -> Lexicon | None:
        if is_british not in self._lexicons:
            self._lexicons[is_british] = lexicon.load(is_british=is_british)
        return self._lexicons[is_british]

    def _native_for(self, base: str) -> Callable[[str], str]:
        if base not in self._native:
            try:
                self._native[base] = _load(base)
            except (ImportError, RuntimeError) as error:
                raise EngineNotReadyError(
                    f"the dictionary of a language cannot be used: {error}", hint=INSTALL
                ) from error
        return self._native[base]


def _voice(language: languages.Language, *, is_british: bool) -> str:
    """Return the voice of espeak-ng for a language; for Japanese and Chinese, that of their English words."""
    if language.base == "en" or language.base in LANGUAGE_PACKAGES:
        return _BRITISH if is_british else _AMERICAN
    return _PORTUGUESE_VOICE if language.base == "pt" else str(language.espeak)


def _load(base: str) -> Callable[[str], str]:
    if base == "ja":
        from voicestream.workers.engines.kokoro.japanese import JapanesePhonemizer

        return JapanesePhonemizer().phonemes
    from voicestream.workers.engines.kokoro.chinese import ChinesePhonemizer

    return ChinesePhonemizer().phonemes


def _with_english_words(words: str, native: Callable[[str], str], english: Callable[[str], str]) -> str:
    parts = [
        english(part.strip()) if _LATIN.fullmatch(part) else native(part)
        for part in _LATIN.split(words)
        if part.strip()
    ]
    return " ".join(part for part in parts if part)
