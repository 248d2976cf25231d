"""Detection of code names in speech text: files, functions, hosts, hashes.

Code names are not translated, and must be preserved in a translation.
"""

from __future__ import annotations

import bisect
import errno
import re
from typing import Final

from voicestream.workers.text.word_set import word_set
from voicestream.workers.translation import git_names

_ADDRESS: Final = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*://[^\s\u3000-\u30ff\u4e00-\u9fff]*[A-Za-z0-9/]"
)
"""URL; it ends before Japanese or Chinese text, which may follow without a space."""
_WORD: Final = re.compile(r"(?<![A-Za-z0-9_])(?:[@.](?=[A-Za-z]))?[A-Za-z0-9_](?:[A-Za-z0-9_@+./-]*[A-Za-z0-9_])?")

_ROUTE: Final = re.compile(
    r"(?:\b(?:DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) )?(?<![\w/.<@~-])/[A-Za-z][\w.~-]*\w(?:/[\w.~-]*\w)*", re.ASCII
)
"""Route of an HTTP interface, with its method: ``GET /api/v2/users``."""

_DOTTED: Final = re.compile(r"\.?[A-Za-z0-9_@+-]+(?:\.[A-Za-z0-9_@+-]+)+|\.[A-Za-z][\w-]+", re.ASCII)
_INITIALS: Final = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]|Ph\.D")
"""Abbreviations that are not code names: ``e.g``, ``z.B``, ``a.m``, ``Ph.D``."""
_CAMEL: Final = re.compile(r"[A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*")
_SNAKE: Final = re.compile(r"[A-Za-z0-9]*[A-Za-z0-9]_[A-Za-z0-9_]+|_+[A-Za-z0-9]\w*", re.ASCII)
_SCOPED: Final = re.compile(r"@[\w.-]+/[\w.-]+", re.ASCII)
_WITH_DIGITS: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{3,}")
_NUMBER: Final = re.compile(r"[vV]?[0-9][0-9.,]*[A-Za-z]{0,4}|[A-Za-z][0-9]+|[0-9][0-9.]*(?:-?[A-Za-z]+[0-9]*)?")
"""Versions, and numbers with a unit or an ending (``v1.2``, ``10ms``, ``42nd``, ``Q3``): covered by the number check.
"""
_HEXADECIMAL: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{7,64}")

_FOLDERS: Final = word_set(
    """
    app apps assets bin build cmd components dist docs etc home include internal lib libs node_modules opt packages
    pages pkg public scripts src static templates test tests tmp tools usr var vendor
    """
)
"""Usual first folders of paths."""

_ERRORS: Final = frozenset(errno.errorcode.values())
"""Names of error codes: ``ENOENT``, ``ECONNREFUSED``."""

SPOKEN: Final = word_set(
    """
    github gitlab javascript typescript youtube linkedin pytorch tensorflow postgresql mysql graphql websocket
    websockets mongodb openai powershell webassembly wordpress devops macos ios iphone ipad ebay paypal whatsapp
    facebook openssl opengl webgl sqlite nosql intellij vscode latex sharepoint onedrive mcdonald
    """
)
"""Well-known names with transliterations in other scripts, in lower case: 깃허브, джаваскрипт."""


def spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of code names: ``useEffect``, ``main.py``, ``example.com``.

    Versions and numbers with units are not among them, nor abbreviations such as ``e.g.``.
    """
    found = [match.span() for match in _ADDRESS.finditer(text)] if "://" in text else []
    addresses = tuple(found)
    begins = [first for first, _ in addresses]
    for match in _WORD.finditer(text):
        start, end = match.span()
        before = bisect.bisect_right(begins, start)
        in_address = before > 0 and start < addresses[before - 1][1]
        if not in_address and is_name(match[0]):
            found.append((start, end))
    if "/" in text:
        found += (match.span() for match in _ROUTE.finditer(text))
    return _apart([*found, *git_names.spans(text)])


def _apart(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest of overlapping spans, in order."""
    apart: list[tuple[int, int]] = []
    for span in sorted(found, key=lambda one: (one[0] - one[1], one[0])):
        if all(span[1] <= start or end <= span[0] for start, end in apart):
            apart.append(span)
    return sorted(apart)


def without(text: str) -> str:
    """Return a text with a space in place of each code name."""
    parts: list[str] = []
    position = 0
    for start, end in spans(text):
        parts.append(text[position:start])
        position = end
    return " ".join((*parts, text[position:]))


def is_name(word: str) -> bool:
    """Return whether a word without adjacent punctuation is a code name."""
    if word.isalpha() and word.isascii():
        return _CAMEL.fullmatch(word) is not None or word in _ERRORS
    if _HEXADECIMAL.fullmatch(word):
        return True
    if _NUMBER.fullmatch(word):
        return False
    if _DOTTED.fullmatch(word):
        return _INITIALS.fullmatch(word) is None and any(map(str.isalpha, word))
    if any(pattern.fullmatch(word) for pattern in (_WITH_DIGITS, _SNAKE, _SCOPED)):
        return True
    # A path contains a code name: src/date.ts; and/or, read/write and TCP/IP do not.
    folder, slash, rest = word.partition("/")
    return bool(slash) and (
        folder in _FOLDERS or "@" in rest or any(map(is_name, filter(None, (folder, *rest.split("/")))))
    )
