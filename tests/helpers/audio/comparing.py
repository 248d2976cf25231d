"""Comparing sounds: pytest would take an hour to show how two of them differ."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def first_difference(found: bytes, expected: bytes) -> int | None:
    """The first byte at which they differ; None: they do not."""
    if found == expected:
        return None
    pairs = enumerate(zip(found, expected, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(found), len(expected)))


def frames_of(file: Path) -> bytes:
    """What a WAV file has after its header."""
    with wave.open(str(file)) as opened:
        return opened.readframes(opened.getnframes())
