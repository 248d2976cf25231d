"""Removal of control characters and lone surrogates, which no phonemizer reads."""

from __future__ import annotations

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def without_control_characters(text: str) -> str:
    """Return a text with a space in place of each run of control characters and lone surrogates."""
    return _CONTROL.sub(" ", text)
