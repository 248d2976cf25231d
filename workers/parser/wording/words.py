"""Wording of single words that are not spoken as written: identifiers, paths, hashes, flags, arrows.

Symbols are not spelled out ("dot", "underscore"): that depends on the language and belongs after translation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.wording import paths
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

ODD: Final = lazy_regex(
    r"[_/\\&~→⇒⟶➜➔➝$%]|\(\)|\(\d|#L|::|=>|--|->|:\d|(?<!\S)-[A-Za-z]|(?<!\w)L\d|[0-9a-f]{12}|[0-9A-Fa-f]{8}-|(?<!\S)\*+\w"
)
"""Only text with one of these needs to be looked at word by word."""

_LEADING: Final = lazy_regex(r"[(\[{\"'“‘«¿¡]*")
_TRAILING: Final = ")]}\"'”’».,;:!?…。，、！？："

_HASH: Final = lazy_regex(
    r"(?P<kind>sha\d*[:-]|md5:|0x)?(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F]|\d{32})(?P<digits>[0-9a-f]{12,}|[0-9A-F]{12,})(?:\.{2,3}|…)?"
)
_HASH_RANGE: Final = lazy_regex(r"([0-9a-f]{7,64})(\.{2,3})([0-9a-f]{7,64})")
_SHORT_HASH: Final = 7
_UUID: Final = lazy_regex(r"([0-9a-fA-F]{8})-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_EMAIL: Final = lazy_regex(r"[\w.+-]++@[\w-]++(?:\.[\w-]++)++")
_ABOUT: Final = lazy_regex(r"~(?=[$€£¥]?\d)(.+)")
_TWICE: Final = lazy_regex(
    r"\b(?:about|around|approximately|roughly|circa|ca\.|etwa|rund|unos|environ|vers) ~(?=[$€£¥]?\d)", re.IGNORECASE
)
"""The sign says once more what the word before it says."""
_FLAG: Final = lazy_regex(r"--([A-Za-z].*)")
"""A short one keeps its sign: without it ``-d`` is a letter of the sentence."""
_REMOTE: Final = lazy_regex(r"[\w.-]+@([\w-]+(?:\.[\w-]+)+):(?!\d)((?:[\w.~-]+/)*[\w.-]+?)(?:\.git)?/?")
"""``git@github.com:acme/shop.git``."""
_LINES: Final = lazy_regex(r"L(\d+)(?:-L?(\d+))?")
"""``L42-48``; a single line only in brackets, because ``L2`` is a cache."""
_CALL: Final = lazy_regex(r"(?<=[\w>\]])\(\)")
_ARROW: Final = lazy_regex(r"\s*(?:-{1,2}>|={1,2}>|→|⇒|⟶|➜|➔|➝)\s*")
_ONLY_ARROW: Final = lazy_regex(r"(?:-{1,2}>|={1,2}>|→|⇒|⟶|➜|➔|➝)")
_SCREAMING: Final = lazy_regex(r"(?<!_)_*+[A-Z][A-Z0-9]{0,60}+(?:_++[A-Z0-9]++)++_*+")
_VARIABLE: Final = lazy_regex(r"\$\{?([A-Za-z_]\w*)\}?|%([A-Za-z_]\w*)%")
_STARS: Final = lazy_regex(r"(?<![\w*])\*{1,2}(?=[A-Za-z_])")
_UNDERSCORES: Final = lazy_regex(r"_+")
_EDGES: Final = lazy_regex(r"(?<![^\W_])_+|_+(?![^\W_])")


def say_words(text: str, words: Phrases, *, code: bool = False) -> str:
    """Make every word of a text speakable; in ``code`` arrows and ``&`` are operators and stay."""
    if ODD.search(text) is None:
        return text
    said = [
        say_word(word, words, code=code) if ODD.search(word) is not None else word
        for word in _TWICE.sub("~", text).split()
    ]
    return " ".join(filter(None, said))


def say_word(word: str, words: Phrases, *, code: bool = False) -> str:
    """Make one word speakable; the punctuation around it stays."""
    if code:
        if word == "--":
            return ""  # where a command's own options end
    else:
        if word == "&":
            return words.conjunction
        if _ONLY_ARROW.fullmatch(word):
            return words.to
    start = _LEADING.match(word)
    begin = start.end() if start else 0
    stop = max(begin, len(word.rstrip(_TRAILING)))
    core = word[begin:stop]
    if core and word.startswith("()", stop):
        stop += 2  # the call's own brackets
        core = word[begin:stop]
    before, after = word[:begin], word[stop:]
    if core.count("(") > core.count(")") and after.startswith(")"):
        core, after = core + ")", after[1:]
    if core.count("{") > core.count("}") and after.startswith("}"):
        core, after = core + "}", after[1:]
    lines = _LINES.fullmatch(core)
    if lines is not None and (lines[2] or before.endswith("(")):
        said = words.lines.format(lines[1], lines[2]) if lines[2] else words.line.format(lines[1])
        return before + said + after
    return before + _say_core(core, words, code=code) + after if core else word


def _say_core(core: str, words: Phrases, *, code: bool) -> str:  # noqa: PLR0911 - a table
    if _EMAIL.fullmatch(core):
        return core
    if (remote := _REMOTE.fullmatch(core)) is not None:
        return f"{remote[1]} {remote[2]}"
    if (identifier := _UUID.fullmatch(core)) is not None:
        return identifier[1]
    if (commits := _HASH_RANGE.fullmatch(core)) is not None:
        return commits[1][:_SHORT_HASH] + commits[2] + commits[3][:_SHORT_HASH]
    if (digest := _HASH.fullmatch(core)) is not None:
        return (digest["kind"] or "") + digest["digits"][:_SHORT_HASH]
    if not code:
        if (count := _ABOUT.fullmatch(core)) is not None:
            return words.about.format(_say_core(count[1], words, code=code))
        if _ARROW.search(core) is not None:
            sides = (say_word(side, words) for side in _ARROW.split(core))
            return f" {words.to} ".join(sides).strip()
    if (flag := _FLAG.fullmatch(core)) is not None:
        core = flag[1]
    return _say_name(core, words, code=code)


def _say_name(name: str, words: Phrases, *, code: bool) -> str:
    if (route := paths.route(name)) != "":
        return route
    suffix = ""
    spot = paths.place(name, words)
    if spot is not None:
        name, suffix = spot[0], " " + spot[1]
    option, equals, value = name.partition("=")
    if equals and "/" in value and "/" not in option and paths.is_path(value, code=True):
        return identifier(option) + "=" + identifier(paths.last_segment(value)) + suffix
    file, colons, member = name.partition("::")
    if colons and paths.is_path(file, code=code):
        name = f"{paths.last_segment(file)} {member.replace('::', ' ')}"
    elif spot is not None or paths.is_path(name, code=code):
        name = paths.last_segment(name)
    return identifier(name) + suffix


def identifier(name: str) -> str:
    """``snake_case`` as words, ``MAX_RETRIES`` in lower case, ``foo()`` and ``**kwargs`` without their marks."""
    name = _CALL.sub("", name)
    name = _STARS.sub("", name)
    if "$" in name or "%" in name:
        name = _VARIABLE.sub(lambda found: found[1] or found[2], name)
    if "_" not in name:
        return name
    name = _SCREAMING.sub(lambda found: found[0].lower(), name)
    return _UNDERSCORES.sub(" ", _EDGES.sub("", name)).strip()
