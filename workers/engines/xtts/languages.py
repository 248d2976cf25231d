"""Languages of XTTS: codes, maximum text lengths, and required packages."""

from __future__ import annotations

import importlib.util
from typing import Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError

_MAX_CHARACTERS: Final = {
    "ar": 166,
    "cs": 186,
    "de": 253,
    "en": 250,
    "es": 239,
    "fr": 273,
    "hi": 150,
    "hu": 224,
    "it": 213,
    "ja": 71,
    "ko": 95,
    "nl": 251,
    "pl": 224,
    "pt": 203,
    "ru": 182,
    "tr": 226,
    "zh-cn": 82,
}
"""By XTTS code: the limit of its tokenizer, which truncates longer texts."""

_PACKAGES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "ja": (("cutlet",), ("fugashi",), ("unidic-lite", "unidic")),
    "ko": (("ko-speech-tools",),),
    "zh-cn": (("pypinyin",),),
}
"""By XTTS code: packages for romanization; one of each group suffices."""


def code(language: str) -> str | None:
    """Return the XTTS code of a BCP-47 tag (``zh-TW``: ``zh-cn``); None if XTTS does not support the language."""
    try:
        return languages.parse(language).xtts
    except UsageError:
        return None


def max_characters(language: str) -> int:
    """Return the maximum characters of one synthesis; 0 for an unsupported language."""
    return _MAX_CHARACTERS.get(code(language) or "", 0)


def missing_packages(language: str) -> list[str]:
    """Return the missing packages for a language by their names on PyPI, without importing any."""
    return [group[0] for group in _PACKAGES.get(code(language) or "", ()) if not any(map(_is_installed, group))]


def require(language: str) -> None:
    """Check that the packages for a language are installed.

    Raises:
        EngineNotReadyError: one is missing; the hint is the command that installs it.
    """
    if missing := missing_packages(language):
        name = languages.parse(language).name
        raise EngineNotReadyError(
            f"xtts needs {', '.join(missing)} to speak {name}, not installed here",
            hint=f"Try: pip install {' '.join(missing)}",
        )


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package.replace("-", "_")) is not None
