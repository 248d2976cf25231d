"""Text as the words that are compared, from what should be said and from what was recognized alike.

Both may write the same words differently: ``main.py`` and ``main dot py``, ``10 MB/s`` and ``ten megabytes per
second``. What is only written counts neither way.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from helpers.listening.number_words import as_digits
from voicestream.workers.tts.normalization.normalize import words as in_words

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIXES: Final = {"k": "kilo", "m": "mega", "g": "giga"}
_BINARY: Final = {"k": "kibi", "m": "mebi", "g": "gibi"}

_ENGLISH: Final[tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = (
    (r"[‘’']", ""),
    (r"(?<=\d),(?=\d{3})", ""),
    (r"\$0\.(\d\d)\b", r" \1 cents "),
    (r"\$(\d+(?:\.\d+)?)", r" \1 dollars "),
    (r"(?<=\d) ?([kmg])ib?\b", lambda m: f" {_BINARY[m[1]]}bytes "),
    (r"(?<=\d) ?([kmg])b(?: ?ps)?\b", lambda m: f" {_PREFIXES[m[1]]}bytes "),
    (r"(?<=\d) ?([kmg])hz\b", lambda m: f" {_PREFIXES[m[1]]}hertz "),
    (r"(?<=\d) ?ms\b", " milliseconds "),
    (r"(?<![a-z])(\d+) ?s\b", r"\1 seconds "),
    (r"(?<=\d) ?(?:h|hrs?)\b", " hours "),
    (r"(?<=[a-z]) ?/ ?s(?:ec)?\b", " per second "),
    (r"\b([ap])\.m\b\.?", r"\1m"),
    (r"° ?c\b", " degrees celsius "),
    (r"°", " degrees "),
    (r"%", " percent "),
    (r"&", " and "),
    (r"@", " at "),
    (r"\+", " plus "),
    (r">", " greater than "),
    (r"#", " number "),
    (r"~", " tilde "),
    (r"\*", " star "),
    (r"(?<=at )(\d\d?)\.(\d\d)(?=\W*(?:\Z|[ap]m\b))", r"\1 \2"),
    (r"\b0(?=\d:\d\d)", ""),
    (r"(?<=\d)(?:st|nd|rd|th)\b", ""),
    (r"(?<=\d)\.(?=\d)", " point "),
    (r"\b((?:[a-z]\.)+[a-z]?)(?=\W|\Z)", lambda m: m[1].replace(".", " ")),
    (r"(?<=[a-z0-9])\.(?=[a-z])|(?<![a-z0-9])\.(?=[a-z])", " dot "),
    (r"\betc\b", "et cetera"),
    (r"\bvs\b", "versus"),
    (r"\b(?:slash|dash|hyphen|underscore|backslash)\b", " "),
)
"""What is written for words, in this order."""

_SPELLINGS: Final = {
    "behaviour": "behavior",
    "okay": "ok",
    "celcius": "celsius",
    "jason": "json",
    "yammel": "yaml",
    "yamal": "yaml",
    "etcetera": "et cetera",
    "cannot": "can not",
    "flakey": "flaky",
    "deer": "dir",
    "gibby": "gibi",
    "an": "a",
}
"""Other spellings of the same word."""

_CLAUSE: Final = re.compile(r"[,;:.!?]+(?:\s|\Z)")
"""A number does not go on behind it."""

_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")


def english(text: str) -> list[str]:
    """Return the words of an English text: lower case, numbers as digits."""
    found = unicodedata.normalize("NFKC", text).lower()
    for pattern, replacement in _ENGLISH:
        found = re.sub(pattern, replacement, found)
    return [word for clause in _CLAUSE.split(found) for word in as_digits(_words(clause))]


def _words(clause: str) -> list[str]:
    return [word for token in _TOKEN.findall(clause) for word in _SPELLINGS.get(token, token).split()]


def portuguese(text: str) -> list[str]:
    """Return the words of a Portuguese text: lower case, without accents, numbers as words."""
    found = unicodedata.normalize("NFD", in_words(text, "pt-BR").lower())
    return _TOKEN.findall("".join(letter for letter in found if not unicodedata.combining(letter)))
