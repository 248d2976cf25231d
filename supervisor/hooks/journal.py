"""Journal of fed sessions: what was spoken, for the supervisor's successor; a private file in the run directory.

It has no text of the agent. It is written before the text is passed on: after a kill at any moment nothing is doubled.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.supervisor.hooks.turn_order import Progress

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 4 << 20

MAX_AGE_SECONDS: Final = 24 * 3600.0
"""Sessions without an event for so long are forgotten."""

_log = logging.getLogger(__name__)


class Entry(msgspec.Struct):
    """One fed session."""

    at: float
    """Time of its last event, in seconds of the monotonic clock, which all processes share until the next boot."""
    progress: Progress


class Journal:
    """The journal in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fails = False

    def load(self) -> dict[str, Progress]:
        """Return the progress of each session by key; an unreadable journal counts as empty."""
        try:
            found = msgspec.json.decode(bounded_file.read(self._path, MAX_BYTES), type=dict[str, Entry])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("the journal of hooks cannot be read: %s", type(error).__name__)
            return {}
        now = time.monotonic()
        return {key: one.progress for key, one in found.items() if now - MAX_AGE_SECONDS < one.at <= now}

    def save(self, sessions: dict[str, Entry]) -> None:
        """Replace the journal; without sessions there is none."""
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            if not sessions:
                self._path.unlink(missing_ok=True)
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(sessions))
            beside.replace(self._path)
        except OSError as error:
            if not self._fails:
                _log.warning("the journal of hooks cannot be written: %s", error.strerror)
            self._fails = True
            with suppress(OSError):
                beside.unlink(missing_ok=True)
