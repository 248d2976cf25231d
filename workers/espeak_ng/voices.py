"""Which voice of espeak-ng speaks a sentence.

espeak-ng crashes when a variant is taken for a voice (``f3``), quietly leaves out a variant it does not have, and reads
any file a name leads to. So only names that were found in its data go to the library.
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
"""The lines that name a voice stand at the top of its file."""


@dataclass(frozen=True)
class EspeakVoices:
    """The names in the data directory of espeak-ng."""

    voices: dict[str, str]
    """Languages and dialects by what people type, in lower case: ``en-us``, ``cmn``, and ``en-gb`` for ``en``."""
    variants: dict[str, str]
    """Speakers and manners of speaking, which go with every language, by their names in lower case: ``f3``."""

    def choose(self, language: str, voice: str) -> str:
        """The name to give to ``espeak_SetVoiceByName``.

        A voice of another language lends its variant only: with ``--voice en-gb+f3`` a Spanish sentence is spoken by
        ``es+f3``, because an English voice reads Spanish as if it were English.

        Args:
            language: BCP-47 tag of the sentence.
            voice: what the user typed: empty, ``en-gb``, ``en-gb+f3`` or ``+f3``.

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
                hint=_with_another("Try: "),
            )
        dialect, plus, variant = voice.strip().partition("+")
        if plus or variant:
            variant = self._found(variant, self.variants, "voice variant", "+")
        if dialect:
            dialect = self._found(dialect, self.voices, "voice", "")
            if dialect.partition("-")[0] == own.partition("-")[0]:
                own = dialect
        return f"{own}+{variant}" if variant else own

    def has(self, voice: str) -> bool:
        """Whether ``choose`` takes it, for a language that espeak-ng speaks."""
        try:
            self.choose("en", voice)
        except UsageError:
            return False
        return True

    def _found(self, typed: str, names: dict[str, str], what: str, sign: str) -> str:
        wanted = typed.strip().lower().replace("_", "-")
        if wanted in names:
            return names[wanted]
        nearest = difflib.get_close_matches(wanted, names, n=1)
        guess = f"Did you mean --voice {sign}{nearest[0]}? " if nearest else ""
        other = _with_another("{title} has voices of two words: ") if " " in wanted and not sign else ""
        other += "\n" if other else ""
        raise UsageError(
            f'espeak-ng has no {what} "{typed}"',
            hint=f"{other}{guess}Type a voice (--voice en-gb), a variant (--voice +f3) or both (--voice en-gb+f3); "
            "docs/internals/engines.md lists them.",
        )


def find(data: Path) -> EspeakVoices:
    """Read the names in a data directory; some milliseconds for its 130 small files.

    Raises:
        EngineNotReadyError: there is none, or it is damaged.
    """
    try:
        files = [file for file in (data / "lang").rglob("*") if file.is_file()]
        voices = {_language(file): file.name.lower() for file in files}
        # Last, because a file's own name goes before what another file says it speaks.
        voices |= {file.name.lower(): file.name.lower() for file in files}
        variants = {file.name.lower(): file.name for file in (data / "voices" / "!v").iterdir()}
    except OSError as error:
        raise EngineNotReadyError(f"espeak-ng's data cannot be read: {error}", hint=REINSTALL) from error
    if not voices:
        raise EngineNotReadyError(f"espeak-ng's data has no voices: {data}", hint=REINSTALL)
    return EspeakVoices(voices=voices, variants=variants)


REINSTALL: Final = "pip install --force-reinstall espeakng-loader"


def _with_another(why: str) -> str:
    """A hint to take the engine that speaks with samples, beginning with ``why``; empty if there is none."""
    from voicestream.engines import registry  # only where somebody has typed what is not there

    spec = registry.for_samples()
    if spec is None:
        return ""
    return f"{why.format(title=spec.title)}--tts {spec.name}, after: voicestream setup --voice-model {spec.name}"


def _language(file: Path) -> str:
    """The tag of the language a voice file speaks, in lower case; the library knows it by the file's name only."""
    with file.open("rb") as opened:
        for line in opened.read(_HEADER_BYTES).splitlines():
            words = line.split()
            if words[:1] == [b"language"] and len(words) > 1:
                return words[1].decode("ascii", "replace").lower()
    return file.name.lower()
