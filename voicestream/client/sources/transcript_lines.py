"""Lines of transcript files: their times, and files of sub-agents. Pure functions."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

import msgspec

_MILLISECONDS: Final = 1e11
"""Times above it are in milliseconds: as seconds it is the year 5138."""


class _Payload(msgspec.Struct):
    parent_thread_id: object = None


class _Line(msgspec.Struct, rename="camel"):
    timestamp: object = None
    is_sidechain: object = None
    kind: object = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


_DECODER: Final = msgspec.json.Decoder(_Line)
_PAYLOAD: Final = msgspec.json.Decoder(_Payload)


def time_of(line: bytes) -> float:
    """Return the time of a line in seconds since the epoch; infinity if it has none."""
    found = _decode(line)
    stamp = found.timestamp if found is not None else None
    if isinstance(stamp, int | float):
        return stamp / 1000 if stamp > _MILLISECONDS else float(stamp)
    if not isinstance(stamp, str):
        return math.inf
    try:
        time = datetime.fromisoformat(stamp)
    except ValueError:
        return math.inf
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


def is_of_sub_agent(first: bytes) -> bool:
    """Return whether a file with this first line is the transcript of a sub-agent, which nobody hears."""
    found = _decode(first)
    if found is None:
        return False
    if found.is_sidechain is True or found.kind == "subagent":
        return True
    try:
        return _PAYLOAD.decode(found.payload).parent_thread_id is not None
    except msgspec.DecodeError:
        return False


def is_whole(line: bytes) -> bool:
    """Return whether a line without a line end is a complete JSON object."""
    return line.lstrip().startswith(b"{") and _decode(line) is not None


def _decode(line: bytes) -> _Line | None:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
