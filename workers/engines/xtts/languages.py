"""What XTTS speaks: its own code of a language, how much text it takes at once, and the packages a language needs."""

from __future__ import annotations

import importlib.util
from typing import Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError

_MOST_CHARACTERS: Final = {
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
"""By XTTS' code: what its tokenizer allows. Longer texts lose their end."""

_NEEDS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "ja": (("cutlet",), ("fugashi",), ("unidic-lite", "unidic")),
    "ko": (("ko-speech-tools",),),
    "zh-cn": (("pypinyin",),),
}
"""By XTTS' code: the packages with which the text is written in Latin letters; of each group one will do."""


def code(language: str) -> str | None:
    """What XTTS calls the language of a BCP-47 tag (``zh-TW`` is ``zh-cn``); None when it does not speak it."""
    try:
        return languages.parse(language).xtts
    except UsageError:
        return None


def max_characters(language: str) -> int:
    """Longest text XTTS does well in one piece; 0 for a language it does not speak."""
    return _MOST_CHARACTERS.get(code(language) or "", 0)


def missing_packages(language: str) -> list[str]:
    """What is to be installed before XTTS can speak a language, as pip calls it; nothing of it is imported."""
    return [group[0] for group in _NEEDS.get(code(language) or "", ()) if not any(map(_is_installed, group))]


def require(language: str) -> None:
    """Make sure that what a language needs is installed.

    Raises:
        EngineNotReadyError: it is not; the hint is the command that installs it.
    """
    if missing := missing_packages(language):
        name = languages.parse(language).name
        raise EngineNotReadyError(
            f"xtts needs {', '.join(missing)} to speak {name}, not installed here",
            hint=f"Try: pip install {' '.join(missing)}",
        )


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package.replace("-", "_")) is not None
