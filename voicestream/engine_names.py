"""The names of all installed engines, read from entry points: no engine is imported for that."""

from __future__ import annotations

import difflib
import importlib.metadata
from typing import TYPE_CHECKING, Final

from voicestream.engine_settings import AUTO
from voicestream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import EntryPoint

TRANSLATORS: Final = "voicestream.translators"
"""Group of entry points; a value names a class of the protocol ``Translator``."""

SYNTHESIZERS: Final = "voicestream.synthesizers"
"""Group of entry points; a value names a class of the protocol ``Synthesizer``."""

KINDS: Final = {TRANSLATORS: "translator", SYNTHESIZERS: "voice engine"}
OPTIONS: Final = {TRANSLATORS: "--translator", SYNTHESIZERS: "--tts"}

MAX_GUESSES: Final = 3


def find(group: str) -> dict[str, set[EntryPoint]]:
    """All entry points of a group by name; more than one where packages disagree about who owns it."""
    found: dict[str, set[EntryPoint]] = {}
    for entry in importlib.metadata.entry_points(group=group):
        found.setdefault(entry.name, set()).add(entry)
    return found


def check(*, tts: str = AUTO, translator: str = AUTO) -> None:
    """Make sure that both names are known, before anything is started for their sake.

    ``auto`` needs no look: reading the entry points takes some 16 ms on a slow machine.

    Raises:
        UsageError: no installed engine has the name; the hint has the nearest ones.
    """
    for group, name in ((SYNTHESIZERS, tts), (TRANSLATORS, translator)):
        if name == AUTO:
            continue
        installed = sorted(find(group))
        if name not in installed:
            message, hint = unknown(group, name, installed)
            raise UsageError(message, hint=hint)


def unknown(group: str, name: str, installed: Sequence[str]) -> tuple[str, str]:
    """What to say of a name that no engine has: the message, and the hint with the nearest names."""
    names = [AUTO, *installed]
    option = OPTIONS[group]
    nearest = difflib.get_close_matches(name.lower(), names, n=MAX_GUESSES)
    guess = f"Did you mean {' or '.join(f'{option} {one}' for one in nearest)}? " if nearest else ""
    shown = name if len(name) <= 60 else f"{name[:59]}…"  # noqa: PLR2004 - a line on a terminal
    return f'there is no {KINDS[group]} named "{shown}"', f"{guess}Try: {option} with one of: {', '.join(names)}"
