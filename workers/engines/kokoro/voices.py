"""Kokoro's voices: files of numbers that say how somebody speaks, one row for each length of a text.

The first letter of a name is the language of who speaks (``j``: Japanese), the second ``f`` or ``m``. A voice speaks
other languages as well, with an accent.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.engines import registry
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models.weights import AGAIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

LONGEST: Final = 510
"""Phonemes that the network takes at once, and rows of a voice."""

_NUMBERS: Final = 256
"""In a row."""

_ROW_BYTES: Final = _NUMBERS * 4
_LEAST_BYTES: Final = LONGEST * _ROW_BYTES
"""Some exports have a row or two more."""

_MOST_BYTES: Final = 2 * _LEAST_BYTES

_TAGS: Final = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""BCP-47 tags by the first letter of a name."""

_USUAL: Final = (
    "af_heart",
    "bf_emma",
    "ef_dora",
    "ff_siwis",
    "hf_alpha",
    "if_sara",
    "jf_alpha",
    "pf_dora",
    "zf_xiaoxiao",
)
"""Who speaks a language when nobody is named."""

_FOLDER: Final = "voices"
MIXED: Final = "+"
"""Between the names of voices that are mixed: ``af_heart+af_bella``."""


def names(place: Path) -> list[str]:
    """The voices of a model's directory, sorted."""
    return sorted(file.stem for file in (place / _FOLDER).glob("*.bin"))


def language_of(name: str) -> str:
    """BCP-47 tag of who speaks; empty if the name does not say it."""
    return _TAGS.get(name[:1], "") if name[1:3] in {"f_", "m_"} else ""


def is_british(chosen: Sequence[str], language: str) -> bool:
    """Whether English is pronounced as in Britain: as the voice does, or else as the tag of the language says.

    English words in other languages are not.
    """
    spoken = {language_of(name) for name in chosen}
    if spoken <= {"en-US", "en-GB"}:
        return spoken == {"en-GB"}
    parsed = languages.parse(language)
    return parsed.base == "en" and parsed.espeak != "en-us"


def choose(there: Sequence[str], typed: str, language: str) -> list[str]:
    """Which voices speak: one, or several that are mixed.

    Args:
        there: the voices that there are.
        typed: what the user typed: empty, ``af_heart``, or ``af_heart+af_bella``.
        language: BCP-47 tag of the sentence.

    Raises:
        UsageError: there is no such voice.
    """
    if not typed.strip():
        return [_usual(there, language)]
    if "/" in typed or typed.endswith(".wav"):
        other = registry.for_samples()
        raise UsageError(
            f"kokoro cannot speak with the voice of a recording ({typed})",
            hint=f"Try: {f'--tts {other.name}, or ' if other else ''}the name of a voice: --voice af_heart",
        )
    return [_named(there, name.strip()) for name in typed.split(MIXED)]


def check(place: Path, name: str) -> None:
    """Make sure that the file of a voice has all its rows.

    Raises:
        EngineNotReadyError: it is not.
    """
    file = _file(place, name)
    try:
        size = file.stat().st_size
    except OSError as error:
        raise EngineNotReadyError(f"{file} cannot be read: {error.strerror}", hint=AGAIN) from error
    if not _LEAST_BYTES <= size <= _MOST_BYTES or size % _ROW_BYTES or not file.is_file():
        raise EngineNotReadyError(f"{file} is damaged: it has {size} bytes, not {_LEAST_BYTES}", hint=AGAIN)


def read(place: Path, chosen: Sequence[str]) -> NDArray[np.float32]:
    """The rows of a voice, or the mean of several: ``LONGEST`` times 256 numbers.

    Raises:
        EngineNotReadyError: a file is damaged.
    """
    import numpy as np

    rows: list[NDArray[np.float32]] = []
    for name in chosen:
        check(place, name)
        rows.append(np.fromfile(_file(place, name), dtype="<f4").reshape(-1, _NUMBERS)[:LONGEST])
    if not all(np.isfinite(row).all() for row in rows):
        raise EngineNotReadyError(f"{_file(place, chosen[0])} is damaged: it holds what is no number", hint=AGAIN)
    mixed: NDArray[np.float32] = np.stack(rows).mean(axis=0, dtype=np.float32)
    return mixed


def _file(place: Path, name: str) -> Path:
    return place / _FOLDER / f"{name}.bin"


def _usual(there: Sequence[str], language: str) -> str:
    """The best there is: of this language and region, of this language, of any."""
    spoken = languages.parse(language)

    def rank(name: str) -> tuple[bool, bool, bool]:
        tag = language_of(name)
        return tag != spoken.tag, tag.partition("-")[0] != spoken.base, name not in _USUAL

    return min(there, key=rank)


def _named(there: Sequence[str], typed: str) -> str:
    wanted = typed.lower().replace("-", "_")
    if wanted in there:
        return wanted
    nearest = difflib.get_close_matches(wanted, there, n=1)
    guess = f"Did you mean --voice {nearest[0]}? " if nearest else ""
    raise UsageError(f'kokoro has no voice "{typed}"', hint=f"{guess}There are {', '.join(there)}.")
