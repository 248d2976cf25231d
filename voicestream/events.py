"""The lines of ``--events``: one JSON object each; an interface, documented in docs/protocol.md.

Version 1: ``{"event", "session", "sentence", "time", …}``; fields that do not apply are absent, new fields and new
events may come, none is renamed or taken away without a new version, which ``session_opened`` names.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from voicestream.messages import SessionClosed, SessionEvent, SessionOpened

EVENTS_VERSION: Final = 1


class EventWriter:
    """Writes event lines to a descriptor, until nobody reads them any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failure: str = ""
        """Why nothing is written any more; empty while all is well."""

    def opened(self, message: SessionOpened, time: float) -> None:
        """The session exists."""
        self._write(
            {
                "event": "session_opened",
                "version": EVENTS_VERSION,
                "session": message.session,
                "time": time,
                "translator": message.translator,
                "tts": message.tts,
                "supervisor_pid": message.pid,
            }
        )

    def happened(self, event: SessionEvent) -> None:
        """Something happened in the session."""
        fields = msgspec.structs.asdict(event)
        self._write({name: value for name, value in fields.items() if value is not None})

    def closed(self, message: SessionClosed, exit_code: int, time: float) -> None:
        """The session is over."""
        self._write(
            {
                "event": "session_closed",
                "session": message.session,
                "time": time,
                "counts": msgspec.structs.asdict(message.counts),
                "exit_code": exit_code,
                **({"reason": message.reason} if message.reason else {}),
            }
        )

    def _write(self, fields: dict[str, object]) -> None:
        if self.failure:
            return
        line = memoryview(msgspec.json.encode(fields) + b"\n")
        try:
            while line:
                try:
                    line = line[os.write(self._descriptor, line) :]
                except BlockingIOError:
                    # Whoever we share the pipe with has made it non-blocking.
                    select.select([], [self._descriptor], [])
        except OSError as error:
            # A closed stdout or a full disk must not end what is being heard (pitfall 50).
            self.failure = error.strerror or type(error).__name__
