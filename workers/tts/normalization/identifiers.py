"""Text normalization of versions, hashes and names with digits."""

from __future__ import annotations

import functools
import re
from typing import Final

from voicestream.workers.tts.normalization import symbol_words
from voicestream.workers.tts.normalization.joining import splice
from voicestream.workers.tts.normalization.numbers import numerals
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal, digits

_SHORT_HASH: Final = 7
"""Digits of a hash that are spoken, as git abbreviates it."""
_HASH: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])(?:[0-9a-f]{7,}|[0-9A-F]{7,})(?![A-Za-z0-9])"
)
_UUID: Final = re.compile(r"(?<![\w-])([0-9a-fA-F]{8})(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])")
_HEXADECIMAL: Final = re.compile(r"(?<![A-Za-z0-9])0x([0-9a-fA-F]+)(?![A-Za-z0-9])")
_VERSION: Final = re.compile(r"(?<!\d)(?<!\d[.,])(?<![A-Za-z0-9][.-])([vV]?)(\d+(?:\.\d+){2,})(?![\d])")
_V: Final = re.compile(r"(?<![A-Za-z0-9])[vV](\d+(?:\.\d+)*)(?![\d])")
_NAMED: Final = re.compile(
    r"(?<![A-Za-z])((?:Python|Node(?:\.js)?|npm|pip|Java|JDK|Ruby|Go|Rust|PHP|Perl|Swift|Kotlin|TypeScript|React|Vue|"
    r"Angular|Django|Rails|Debian|Ubuntu|Fedora|Alpine|Android|iOS|macOS|Windows|Linux|CUDA|PyTorch|torch|numpy|"
    r"Postgres(?:QL)?|MySQL|Redis|GCC|gcc|clang|CMake|GPT|Claude|Gemini|HTTP|TLS|USB|OpenGL|version|Version|versión|"
    r"versione|versão|wersja|wersji|verze|versie|verzió|sürüm|версия|версии|إصدار|الإصدار|版本|バージョン|버전|संस्करण)"
    r"[^\W\d_]{0,4}[ -]?)(\d+\.\d+)(?![\d]|\.\d)(?!\s?[%xX×])"
)
"""Names of software; a number with a point after them is a version: eleven, not one one."""
_DOCUMENT: Final = re.compile(r"(?<![A-Za-z])(RFC|BCP|ISO|IEC|PEP)[ -]?(?!0)(\d{4})(?!\d|\.\d)")
_REQUEST: Final = re.compile(r"(?<=\b[PM]R\s)#(?=\d)")
_MIXED: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*+\d)(?=\d*[A-Za-z])[A-Za-z0-9]+(?![A-Za-z0-9])")
_HYPHEN: Final = re.compile(r"(?<=[^\W_])-(?=\d)")
"""Hyphen before a digit, as in ``gpt-4``, which would join the number words to the name."""
_SCIENTIFIC: Final = re.compile(r"(?<=\d)[eE]([-+]?)(?=\d{1,3}(?![A-Za-z0-9]))")
_GERMAN: Final = re.compile(r"(?<![\w.,-])(\d{1,9})(er|fach|mal|stellig|teilig|tägig|stündig|minütig)(?=[a-z]*\b)")
_SIGNS: Final = {"": "", "-": "minus", "+": "plus"}
_RUN: Final = re.compile(r"\d+|[A-Za-z]+")
_LONGEST_RUN: Final = 4
"""Maximum number of digits within a name that are spoken as one number."""


def say_versions(text: str, language: str) -> str:
    """Normalize versions: ``3.11.2``, ``v2``, ``Python 3.11``.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _VERSION.sub(functools.partial(_version, language=language), text)
    text = _V.sub(lambda m: splice(m, f"v {_parts(m[1], language)}", language), text)
    return _NAMED.sub(lambda m: splice(m, f"{m[1].rstrip('- ')} {_parts(m[2], language)}", language), text)


def say_hashes(text: str, language: str) -> str:
    """Spell hashes and hexadecimal numbers.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _UUID.sub(lambda m: splice(m, _spelled(m[1], language), language), text)
    text = _HASH.sub(lambda m: splice(m, _spelled(m[0][:_SHORT_HASH], language), language), text)
    zero = cardinal(0, language)
    return _HEXADECIMAL.sub(lambda m: splice(m, f"{zero} x {_spelled(m[1][:_SHORT_HASH], language)}", language), text)


def say_references(text: str, language: str) -> str:
    """Normalize the number of a document to pairs of digits, and drop the number sign after "PR".

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _REQUEST.sub("", text) if "#" in text else text
    if language != "en":
        return text
    return _DOCUMENT.sub(lambda m: f"{m[1]} {_in_pairs(m[2])}", text)


def _in_pairs(figures: str) -> str:
    """Return a number as pairs of digits: ``2119`` is twenty-one nineteen."""
    first, second = int(figures[:2]), int(figures[2:])
    if not second:
        return cardinal(int(figures), "en") if not first % 10 else f"{cardinal(first, 'en')} hundred"
    zero = "oh " if second < 10 else ""  # noqa: PLR2004 - one figure
    return f"{cardinal(first, 'en')} {zero}{cardinal(second, 'en')}"


def say_names(text: str, language: str) -> str:
    """Normalize names with digits: split ``k8s`` and ``utf8``, and expand the digits.

    Args:
        text: a sentence.
        language: as for ``cardinal``.
    """
    text = _SCIENTIFIC.sub(lambda m: f" e {_SIGNS[m[1]] and symbol_words.word(_SIGNS[m[1]], language)} ", text)
    if language != "hu":  # ranges also have a hyphen
        text = _HYPHEN.sub(" ", text)
    if language == "de":
        text = _GERMAN.sub(lambda m: cardinal(int(m[1]), language) + m[2], text)
    return _MIXED.sub(lambda m: splice(m, " ".join(_run(run, language) for run in _RUN.findall(m[0])), language), text)


def _version(found: re.Match[str], *, language: str) -> str:
    written = found[2]
    if not found[1] and language[:2] not in numerals.POINT_LANGUAGES and _is_grouped(written):
        return found[0]  # a large number
    return splice(found, f"{'v ' if found[1] else ''}{_parts(written, language)}", language)


def _is_grouped(written: str) -> bool:
    """Return whether points group the digits of a number; False for an IPv4 address."""
    parts = written.split(".")
    is_address = len(parts) == 4 and all(int(part) < 256 for part in parts)  # noqa: PLR2004
    return not is_address and re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", written) is not None


def _parts(written: str, language: str) -> str:
    point = symbol_words.word("point", language)
    said = (_run(part, language) for part in written.split("."))
    gap = "" if language[:2] in ("ja", "zh") else " "
    return f"{gap}{point}{gap}".join(said)


def _run(run: str, language: str) -> str:
    if not run.isdigit():
        return run
    if len(run) > _LONGEST_RUN or (run.startswith("0") and len(run) > 1):
        return digits(run, language)
    return cardinal(int(run), language)


def _spelled(figures: str, language: str) -> str:
    return " ".join(cardinal(int(figure), language) if figure.isdigit() else figure for figure in figures.lower())
