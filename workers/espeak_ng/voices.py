"""Voice selection of espeak-ng.

espeak-ng crashes when a variant is used as a voice (``f3``), silently ignores an unknown variant, and reads any file
that a name leads to. So only names from its data are passed to the library.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_HEADER_BYTES: Final = 4096
"""Length of the header of a voice file, which names it."""


@dataclass(frozen=True)
class EspeakVoices:
    """Names of voices and variants in the data directory of espeak-ng."""

    voices: dict[str, str]
    """Languages and dialects by lower-case name: ``en-us``, ``cmn``, and ``en-gb`` for ``en``."""
    variants: dict[str, str]
    """Speaker variants for every language, by their lower-case names: ``f3``."""

    def choose(self, language: str, voice: str) -> str:
        """Return the argument of ``espeak_SetVoiceByName``.

        Of a voice of another language only the variant is used: with ``--voice en-gb+f3`` a Spanish sentence is spoken
        by ``es+f3``, because an English voice reads Spanish as if it were English.

        Args:
            language: BCP-47 tag of the sentence.
            voice: empty, ``en-gb``, ``en-gb+f3`` or ``+f3``.

        Raises:
            UsageError: there is no such voice or variant.
            ValueError: espeak-ng does not speak the language.
        """
        spoken = languages.parse(language)
        own = spoken.espeak
        if own is None or own not in self.voices.values():
            raise ValueError(f"espeak-ng does not speak {spoken.name}")
        if voice.startswith("/"):
            raise UsageError(
                "espeak-ng has its own voices only: it cannot speak with a sample",
                hint=_cloning_hint("Try: "),
            )
        dialect, plus, variant = voice.strip().partition("+")
        if plus or variant:
            variant = self._look_up(variant, self.variants, "voice variant", "+")
        if dialect:
            dialect = self._look_up(dialect, self.voices, "voice", "")
            if dialect.partition("-")[0] == own.partition("-")[0]:
                own = dialect
        return f"{own}+{variant}" if variant else own

    def has(self, voice: str) -> bool:
        """Return whether ``choose`` accepts a voice."""
        try:
            self.choose("en", voice)
        except UsageError:
            return False
        return True

    def _look_up(self, requested: str, names: dict[str, str], what: str, sign: str) -> str:
        wanted = requested.strip().lower().replace("_", "-")
        if wanted in names:
            return names[wanted]
        nearest = difflib.get_close_matches(wanted, names, n=1)
        guess = f"Did you mean --voice {sign}{nearest[0]}? " if nearest else ""
        other = _cloning_hint("{title} has voices of two words: ") if " " in wanted and not sign else ""
        other += "\n" if other else ""
        raise UsageError(
            f'espeak-ng has no {what} "{requested}"',
            hint=f"{other}{guess}Type a voice (--voice en-gb), a variant (--voice +f3) or both (--voice en-gb+f3); "
            "docs/internals/engines.md lists them.",
        )


def read_voices(data: Path) -> EspeakVoices:
    """Read the names in a data directory, some milliseconds for its 130 small files.

    Raises:
        EngineNotReadyError: the directory is missing or damaged.
    """
    try:
        files = [file for file in (data / "lang").rglob("*") if file.is_file()]
        voices = {_language(file): file.name.lower() for file in files}
        # Last, because the name of a file takes precedence over the language in another file.
        voices |= {file.name.lower(): file.name.lower() for file in files}
        variants = {file.name.lower(): file.name for file in (data / "voices" / "!v").iterdir()}
    except OSError as error:
        raise EngineNotReadyError(f"espeak-ng's data cannot be read: {error}", hint=REINSTALL) from error
    if not voices:
        raise EngineNotReadyError(f"espeak-ng's data has no voices: {data}", hint=REINSTALL)
    return EspeakVoices(voices=voices, variants=variants)


REINSTALL: Final = "pip install --force-reinstall espeakng-loader"


def _cloning_hint(why: str) -> str:
    """Return a hint to use the engine that clones voices, with the prefix ``why``; empty if there is none."""
    from voicestream.engines import registry  # only needed for errors

    spec = registry.for_samples()
    if spec is None:
        return ""
    return f"{why.format(title=spec.title)}--tts {spec.name}, after: voicestream setup --voice-model {spec.name}"


def _language(file: Path) -> str:
    """Return the lower-case language tag in a voice file; the library only uses the file name."""
    with file.open("rb") as opened:
        for line in opened.read(_HEADER_BYTES).splitlines():
            words = line.split()
            if words[:1] == [b"language"] and len(words) > 1:
                return words[1].decode("ascii", "replace").lower()
    return file.name.lower()
