"""Voices of Kokoro: files of style vectors, one for each text length.

The first letter of a name is the native language of the speaker (``j``: Japanese), the second ``f`` or ``m``. A voice
can speak other languages, with an accent.
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

MAX_PHONEMES: Final = 510
"""Maximum phonemes of a text, and style vectors of a voice."""

_STYLE_SIZE: Final = 256
"""Values of a style vector."""

_ROW_BYTES: Final = _STYLE_SIZE * 4
_MIN_BYTES: Final = MAX_PHONEMES * _ROW_BYTES
"""Some exports have one or two more vectors."""

_MAX_BYTES: Final = 2 * _MIN_BYTES

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

_DEFAULTS: Final = (
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
"""Default voices."""

_FOLDER: Final = "voices"
MIX_SEPARATOR: Final = "+"
"""Separator of mixed voices: ``af_heart+af_bella``."""


def names(place: Path) -> list[str]:
    """Return the names of the voices in a directory, sorted."""
    return sorted(file.stem for file in (place / _FOLDER).glob("*.bin"))


def language_of(name: str) -> str:
    """Return the native language of a voice, a BCP-47 tag; empty if the name does not tell."""
    return _TAGS.get(name[:1], "") if name[1:3] in {"f_", "m_"} else ""


def is_british(chosen: Sequence[str], language: str) -> bool:
    """Return whether English is British: by the voice, else by the tag of the language.

    English words in other languages are American.
    """
    spoken = {language_of(name) for name in chosen}
    if spoken <= {"en-US", "en-GB"}:
        return spoken == {"en-GB"}
    parsed = languages.parse(language)
    return parsed.base == "en" and parsed.espeak != "en-us"


def choose(available: Sequence[str], requested: str, language: str) -> list[str]:
    """Return the voice, or the voices to mix.

    Args:
        available: names of the voices.
        requested: empty, ``af_heart``, or ``af_heart+af_bella``.
        language: BCP-47 tag of the sentence.

    Raises:
        UsageError: there is no such voice.
    """
    if not requested.strip():
        return [_default(available, language)]
    if "/" in requested or requested.endswith(".wav"):
        other = registry.for_samples()
        raise UsageError(
            f"kokoro cannot speak with the voice of a recording ({requested})",
            hint=f"Try: {f'--tts {other.name}, or ' if other else ''}the name of a voice: --voice af_heart",
        )
    return [_by_name(available, name.strip()) for name in requested.split(MIX_SEPARATOR)]


def check(place: Path, name: str) -> None:
    """Check that the file of a voice is complete.

    Raises:
        EngineNotReadyError: it is not.
    """
    file = _file(place, name)
    try:
        size = file.stat().st_size
    except OSError as error:
        raise EngineNotReadyError(f"{file} cannot be read: {error.strerror}", hint=AGAIN) from error
    if not _MIN_BYTES <= size <= _MAX_BYTES or size % _ROW_BYTES or not file.is_file():
        raise EngineNotReadyError(f"{file} is damaged: it has {size} bytes, not {_MIN_BYTES}", hint=AGAIN)


def read(place: Path, chosen: Sequence[str]) -> NDArray[np.float32]:
    """Read the style vectors of a voice, or the mean of several: (``MAX_PHONEMES``, 256).

    Raises:
        EngineNotReadyError: a file is damaged.
    """
    import numpy as np

    styles: list[NDArray[np.float32]] = []
    for name in chosen:
        check(place, name)
        styles.append(np.fromfile(_file(place, name), dtype="<f4").reshape(-1, _STYLE_SIZE)[:MAX_PHONEMES])
    if not all(np.isfinite(style).all() for style in styles):
        raise EngineNotReadyError(
            f"{_file(place, chosen[0])} is damaged: it holds values that are not finite", hint=AGAIN
        )
    mixed: NDArray[np.float32] = np.stack(styles).mean(axis=0, dtype=np.float32)
    return mixed


def _file(place: Path, name: str) -> Path:
    return place / _FOLDER / f"{name}.bin"


def _default(available: Sequence[str], language: str) -> str:
    """Return the default voice: of the language and region, of the language, or any."""
    spoken = languages.parse(language)

    def rank(name: str) -> tuple[bool, bool, bool]:
        tag = language_of(name)
        return tag != spoken.tag, tag.partition("-")[0] != spoken.base, name not in _DEFAULTS

    return min(available, key=rank)


def _by_name(available: Sequence[str], requested: str) -> str:
    wanted = requested.lower().replace("-", "_")
    if wanted in available:
        return wanted
    nearest = difflib.get_close_matches(wanted, available, n=1)
    guess = f"Did you mean --voice {nearest[0]}? " if nearest else ""
    raise UsageError(f'kokoro has no voice "{requested}"', hint=f"{guess}There are {', '.join(available)}.")
