"""Voices of the package ``hibari-tts`` on this machine, found without importing it.

One voice is in the package. The package downloads the others when they are used for the first time; a worker never
does that, so only those that are there already count.
"""

from __future__ import annotations

import difflib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.hibari.package import INSTALL, MODULE, NAME, REINSTALL

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL: Final = "heart"
"""The voice in the package."""

_TABLE: Final = "voices.json"
_TABLE_BYTES: Final = 1 << 20
_HOME_VARIABLE: Final = "HIBARI_HOME"


class Entry(msgspec.Struct, frozen=True):
    """One voice in the package's table."""

    file: str
    british: bool = False
    bundled: bool = False


@dataclass(frozen=True)
class Voices:
    """The voices of the package, and the files of those that are here."""

    known: Mapping[str, Entry]
    files: Mapping[str, Path]

    def choose(self, typed: str, language: str) -> str:
        """Return the voice that speaks.

        Args:
            typed: value of ``--voice``; empty = the usual voice of the language.
            language: BCP-47 tag of the sentence.

        Raises:
            UsageError: there is no such voice, or it is not downloaded.
        """
        wanted = typed.strip().lower()
        if not wanted:
            return self._usual(language)
        if wanted in self.files:
            return wanted
        if wanted in self.known:
            raise UsageError(
                f"the voice {wanted} of {NAME} is not downloaded yet",
                hint=f"To download it once: hibari Hello --voice {wanted} -o hello.wav",
            )
        nearest = difflib.get_close_matches(wanted, self.files, n=1)
        guess = f"Did you mean --voice {nearest[0]}? " if nearest else ""
        raise UsageError(f'{NAME} has no voice "{typed}"', hint=f"{guess}There is {', '.join(self.files)}.")

    def language_of(self, name: str) -> str:
        """Return the BCP-47 tag of a voice; empty if there is no such voice."""
        entry = self.known.get(name)
        return "" if entry is None else "en-GB" if entry.british else "en-US"

    def _usual(self, language: str) -> str:
        """Return a British voice for British English if there is one, else the voice in the package."""
        tag = languages.parse(language).tag
        same = [name for name in self.files if self.language_of(name) == tag]
        return USUAL if tag != "en-GB" or not same else same[0]


def find() -> Voices:
    """Read the package's table of voices.

    Raises:
        EngineNotReadyError: the package is missing or damaged.
    """
    assets = _assets()
    try:
        known = bounded_file.read_as(assets / _TABLE, _TABLE_BYTES, dict[str, Entry])
    except (OSError, ValueError) as error:
        raise EngineNotReadyError(f"{assets / _TABLE} is damaged: {error}", hint=REINSTALL) from error
    places = {name: (assets if entry.bundled else _cache()) / entry.file for name, entry in known.items()}
    files = {name: place for name, place in places.items() if place.is_file()}
    if USUAL not in files:
        raise EngineNotReadyError(f"{assets} has no voice {USUAL}", hint=REINSTALL)
    return Voices(known, files)


def _assets() -> Path:
    found = importlib.util.find_spec(MODULE)
    if found is None or found.origin is None:
        raise EngineNotReadyError("the package hibari-tts is not installed", hint=INSTALL)
    return Path(found.origin).parent / "assets"


def _cache() -> Path:
    """Return the directory in which the package keeps voices that it has downloaded."""
    import os

    import platformdirs

    return Path(os.environ.get(_HOME_VARIABLE) or platformdirs.user_cache_dir(MODULE, appauthor=False))
