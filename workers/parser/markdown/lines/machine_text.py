"""Machine text without a fence: stack traces, compiler output, time-stamped logs, directory trees. None is spoken."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex


class Machine(Enum):
    """Kinds of machine text, by what belongs to it."""

    LINE = auto()
    """One line."""
    INDENTED = auto()
    """The indented lines behind it, too: a frame of a stack trace and its source."""
    FIGURE = auto()
    """All lines up to a blank one: a compiler's figure."""


_LEVEL: Final = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|FATAL|PANIC|SEVERE|VERBOSE|LOG)"
_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_STAMP: Final = (
    r"(?:\d{4}[-/.]\d\d[-/.]\d\d[T_ ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|\s?[-+]\d\d:?\d\d)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s{1,2}\d{1,2}\s\d\d:\d\d:\d\d)"
)
_LOG: Final = lazy_regex(
    rf"(?:\[{_STAMP}\]|{_STAMP})[\s:|,-]{{1,4}}(?:[\[(<|]?(?i:{_LEVEL})\b|\[[^\]\n]{{1,60}}\]"
    rf"|(?:\S{{1,60}}\s)?\S{{1,60}}\[\d+\]:|\S{{1,60}}\s\[?{_LEVEL}\b)"
    rf"|\[?{_LEVEL}\]?:?\s+\[?{_STAMP}|\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\S*\s\S"
    rf"|{_MONTH}\s{{1,2}}\d{{1,2}}\s\d\d:\d\d:\d\d\s\S{{1,60}}\s\S{{1,60}}:\s|{_LEVEL}:[\w.]{{1,60}}:"
)
_FRAME: Final = lazy_regex(
    r"[ \t]+at (?:async |new )?\S.*?(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|:\d+(?::\d+)?|:line \d+)[ \t]*\Z"
    r"|[ \t]*\.\.\. \d+ (?:more|common frames omitted)|[ \t]+from \S+:\d+:in |[ \t]+\S+\.go:\d+(?: \+0x[0-9a-f]+)?\Z"
    r"|#\d+ +(?:0x[0-9a-f]+|[/\\]|\{main\}|\S+\(\S*\) (?:at|called at) )"
    r"|[ \t]+\d+: +(?:0x[0-9a-f]+ - )?\S*::\S|node:internal/\S+:\d+|note: run with `?RUST_BACKTRACE|[ \t]*\u23bf"
)
_TRACE: Final = lazy_regex(
    r"[ \t]*Traceback \(most recent call (?:last|first)\):|[ \t]*File \"[^\"\n]+\", line \d+|goroutine \d+ \[[^\]]+\]:"
    r"|stack backtrace:|[ \t]*(?:Stack trace|Call stack|Backtrace):[ \t]*\Z"
)
_FIGURE: Final = lazy_regex(r"[ \t]*-->[ \t]\S+:\d+|[ \t]+\d+ +\|(?:[ \t]|\Z)|[ \t]*\u256d\u2500\[")
_CARET: Final = lazy_regex(r"(?:[ \t]*+[|\d]++[ \t]++|[ \t]++)\^(?:[\^~\- \t]*\Z|[\^~\-]* )|\^[\^~]*[ \t]*\Z")
_TREE: Final = lazy_regex(
    r"[ \t\u00a0\u2502|]*(?:[\u251c\u2514\u2570\u2523\u2517][\u2500\u2501\u2574-]|(?:\|--|`--|\+--|\\--)[ \t-])"
)

_INDENTED_BEGINNING: Final = lazy_regex(
    r"[ \t]+(?:a(?:t(?: .*)?)?|F(?:i(?:l(?:e(?: .*)?)?)?)?|f(?:r(?:o(?:m(?: .*)?)?)?)?|\.{1,3}(?: .*)?"
    r"|\d+(?:[ \t]*[|:].*|[ \t]*)?"
    r"|-(?:->?.*)?"
    r"|[|\^~\\`+\u23bf].*|\S+\.go:.*|T(?:r(?:a(?:c.*)?)?)?|S(?:t(?:a(?:c.*)?)?)?|C(?:a(?:l(?:l.*)?)?)?|B(?:a(?:c(?:k(?:t.*)?)?)?)?)\Z"
)
_STAMPED_BEGINNING: Final = lazy_regex(
    rf"\[?\d{{1,4}}(?:[-/.:][\d/:.-]{{0,7}}(?:[T_ ][\d:.,]{{0,8}})?)?\Z"
    rf"|\[?{_STAMP}|\[?{_LEVEL}\]?:?\s+\[?\d|\[?[A-Z]{{1,8}}\]?:?\s*\Z"
    rf"|[A-Z]{{3,8}}:[\w.]{{0,60}}\Z|{_LEVEL}:[\w.]{{1,60}}:"
    r"|(?:J(?:an?|un?|ul?)?|Fe?b?|M(?:ar?|ay?)?|A(?:pr?|ug?)?|Se?p?|Oc?t?|No?v?|De?c?)\Z"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s{1,2}(?:\d{1,2}(?:\s[\d:]*)?)?\Z"
)
_WORDS: Final = (
    "Traceback (most recent call ",
    "goroutine ",
    "stack backtrace:",
    "node:internal/",
    "--> ",
    "Stack trace:",
    "note: run with RUST",
    "note: run with `RUST",
)


_FIRST: Final = frozenset(
    " \t\u00a00123456789[#TDINWECFPSVLJAMOgsn|`+\\-^~\u2502\u251c\u2514\u2570\u2523\u2517\u256d\u23bf"
)
"""First characters of machine text: a cheap check that most lines fail."""
_GUTTER: Final = lazy_regex(r"[ \t]|\d+ +\||\Z")
_CALL: Final = lazy_regex(r"[\w./*()\[\]{}·-]{1,200}\([^()]{0,200}\)[ \t]*\Z")


def continues(line: str, kind: str) -> bool:
    """Return whether a whole line continues machine text of a kind, given by its name."""
    if kind == Machine.FIGURE.name:
        return bool(line.strip()) and _GUTTER.match(line) is not None
    is_indented = line[:1] in (" ", "\t") and bool(line.strip())
    return kind == Machine.INDENTED.name and (is_indented or _CALL.match(line) is not None)


def kind_of(line: str) -> Machine | None:
    """The kind of machine text that a whole line is of; None: it is none."""
    if line[:1] not in _FIRST:
        return None
    if _FIGURE.match(line):
        return Machine.FIGURE
    if _TRACE.match(line):
        return Machine.INDENTED
    return Machine.LINE if belongs(line) else None


def belongs(line: str) -> bool:
    """Return whether a whole line is machine text by itself."""
    return any(pattern.match(line) for pattern in (_FRAME, _LOG, _TREE, _CARET))


def may_be(line: str) -> bool:
    """Return whether a line of which this is the beginning may become machine text; a cheap look at which most end."""
    first = line[0]
    if first in " \t":
        return _INDENTED_BEGINNING.match(line) is not None
    if first.isdigit() or first in "[TDINWECFPSVLJAMO":
        if _STAMPED_BEGINNING.match(line):
            return True
        if first not in "TS":
            return False
    if first == "#":
        return len(line) == 1 or line[1].isdigit()
    return first in "Tgsn-S" and any(word.startswith(line) or line.startswith(word) for word in _WORDS)
