"""JSON lines as agents print them: strict, lenient, several in one line, truncated; and lines of logs between them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from voicestream.workers.parser.markdown.lines import machine_text
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from collections.abc import Callable

_Answer = TypeVar("_Answer")

NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions of msgspec for text that is no JSON, for bytes that are no UTF-8, and for deep nesting."""

_OPENS: Final = lazy_regex(rb'\{\s*"[^"\n]{1,120}"\s*:')
_CHAT: Final = lazy_regex(rb'"(?:sessionId|session_id|projectHash|messages|conversation|history|id)"\s*:')
_LOG: Final = lazy_regex(
    rb"\(node:\d+\)|npm (?:warn|err|notice)|(?:warning|warn|error|debug|info|trace|deprecated|notice)\b\s?[:\]]"
    rb"|\[(?:warning|warn|error|debug|info|trace|notice)\]",
    re.IGNORECASE,
)
_LOG_LENGTH: Final = 400
"""Bytes of a line that tell whether it is one of a log."""


def is_json(line: bytes) -> bool:
    """Return whether a line is JSON, at least for a lenient reader."""
    try:
        msgspec.json.decode(line)
    except RecursionError:
        return False
    except NOT_JSON:
        return _repaired(line) is not None
    return True


def opens_object(line: bytes) -> bool:
    """Return whether a line begins like an object with a name in it, which is never prose, even if truncated."""
    return _OPENS.match(line) is not None


def is_chat_document(lines: list[bytes]) -> bool:
    """Return whether lines begin like a chat that is one JSON document over many lines, which is not read."""
    shown = [line.strip() for line in lines if line.strip()]
    return shown[:1] == [b"{"] and len(shown) > 1 and _CHAT.match(shown[1]) is not None


def is_log(line: bytes) -> bool:
    """Return whether a line is one of a log, as agents and their package managers print before a stream."""
    shown = line.strip()[:_LOG_LENGTH]
    return _LOG.match(shown) is not None or machine_text.kind_of(shown.decode("utf-8", "replace")) is not None


def decoded(read: Callable[[bytes], _Answer], line: bytes) -> _Answer | None:
    """The result of ``read`` for a line; None when the line is not JSON, or not of the shape that was expected."""
    try:
        return read(line)
    except msgspec.ValidationError:
        return None
    except RecursionError:
        return None
    except NOT_JSON:
        repaired = _repaired(line)
    if repaired is None:
        return None
    try:
        return read(repaired)
    except NOT_JSON:
        return None


def divided(line: bytes) -> list[bytes]:
    """The objects of a line that holds several without anything between; none when it does not."""
    if b"}{" not in line:
        return []
    text = line.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    objects: list[bytes] = []
    position = 0
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        objects.append(text[position:end].encode("utf-8", "replace"))
        position = end
        while position < len(text) and text[position].isspace():
            position += 1
    return objects


def _repaired(line: bytes) -> bytes | None:
    """A line that only a lenient reader takes for JSON (bad UTF-8, lone surrogates, NaN) as strict JSON."""
    try:
        value = json.loads(line.decode("utf-8", "replace"), parse_constant=lambda _name: None)
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return None
