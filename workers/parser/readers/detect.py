"""Which format a line is of."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voicestream.workers.parser.readers.claude import ClaudeReader
from voicestream.workers.parser.readers.plain import PlainReader
from voicestream.workers.parser.readers.reader import Reader

READERS: Final[dict[str, type[Reader]]] = {
    "claude": ClaudeReader,
    "text": PlainReader,
}
"""What ``--format`` may name."""


class _Probe(msgspec.Struct):
    """The fields by which formats differ."""

    type: object = None
    role: object = None
    content: object = None


_DECODER: Final = msgspec.json.Decoder(_Probe)


def detect(line: bytes) -> type[Reader] | None:
    """The reader for a line that holds a JSON object; None when no format is known by it."""
    probe = _DECODER.decode(line)
    if probe.type is None and isinstance(probe.content, list):
        return ClaudeReader
    if probe.type in ("system", "assistant", "user", "stream_event", "result"):
        return ClaudeReader
    return None


_PROSE: Final = re.compile(rb"[A-Z\x80-\xff][^\[\]={}|<>]*\s[^\[\]={}|<>]*")


def looks_like_prose(lines: list[bytes]) -> bool:
    """Whether lines after which nothing came for a while are words for a person, and not the banner of a script."""
    shown = [line.strip() for line in lines if line.strip()]
    if not shown:
        return False
    last = shown[-1]
    return all(map(_PROSE.match, shown)) and (last.endswith((b".", b"!", b"?")) or last[-1] >= 0x80)
