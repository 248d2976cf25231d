"""Matching of a typed voice name against the known names."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from voicestream.errors import UsageError
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


def match(typed: str, names: Sequence[str]) -> str | None:
    """Return the matching name, ignoring case and spaces; None if there is none."""
    if typed in names:
        return typed
    wanted = _plain(typed)
    return next((name for name in names if _plain(name) == wanted), None)


def choose(typed: str, names: Sequence[str], engine: str) -> str:
    """Return the matching name as ``match`` does, or raise.

    Args:
        typed: value of ``--voice``.
        names: known voices.
        engine: their engine; empty = all engines.

    Raises:
        UsageError: there is none; the hint has the nearest name.
    """
    found = match(typed, names)
    if found is not None:
        return found
    plain = {_plain(name): name for name in names}
    near = difflib.get_close_matches(_plain(typed), plain, n=1)
    # One typed word of two matches the names that contain it.
    near += [name for name in plain if _plain(typed) in name.split()]
    guess = f"Did you mean --voice {quoted(plain[near[0]])}? " if near else ""
    raise UsageError(
        f'{engine} has no voice "{typed}"' if engine else f'there is no voice "{typed}"',
        hint=f"{guess}Try: voicestream voices list",
    )


def quoted(name: str) -> str:
    """Quote a name for a shell."""
    return f'"{name}"' if " " in name else name


def _plain(name: str) -> str:
    return " ".join(one_line(name).casefold().replace("_", " ").split())
