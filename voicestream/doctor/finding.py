"""Findings of ``voicestream doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

State = Literal["ok", "note", "problem"]
"""``ok``: it works. ``note``: voicestream works without it. ``problem``: keeps voicestream from working."""


@dataclass(frozen=True)
class Finding:
    """One fact about the installation."""

    check: str
    """Stable name of the check, such as ``sound`` or ``tts:espeak``."""
    state: State
    text: str
    hint: str = ""
    """The command that mends it; empty if nothing needs mending, or no command can."""


def from_error(check: str, error: VoicestreamError, state: State = "problem") -> Finding:
    """Return an error as a finding."""
    return Finding(check, state, str(error), error.hint)


def findings_of(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check; an error that it raises is a finding, too.

    Args:
        name: name of the check.
        check: returns or yields findings.
    """
    try:
        yield from check()
    except VoicestreamError as error:
        yield from_error(name, error)
    except Exception as error:  # noqa: BLE001 - one broken part must not hide the others
        yield Finding(name, "problem", f"this check failed: {type(error).__name__}: {error}")
