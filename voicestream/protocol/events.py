"""Event stream of ``--events``: one JSON object a line, documented in docs/internals/protocol.md.

Version 1: ``{"event", "session", "sentence", "time", …}``. Fields that do not apply are absent. New fields and new
events may be added; a field is renamed or removed only with a new version, which ``session_opened`` states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.protocol.messages import EventName
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import HandedOver, SessionClosed, SessionEvent, SessionOpened

EVENTS_VERSION: Final = 1


class EventWriter:
    """Encoder of event lines, which passes each line to a callback."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        """Initialize; ``write`` receives a whole line with its newline and must not block."""
        self._write_line = write

    def opened(self, message: SessionOpened, time: float) -> None:
        """Write ``session_opened``."""
        self._write(
            {
                "event": EventName.SESSION_OPENED,
                "version": EVENTS_VERSION,
                "session": message.session,
                "time": time,
                "translator": message.translator,
                "tts": message.tts,
                "supervisor_pid": message.pid,
                **({"paused_by": message.paused_by} if message.paused_by else {}),
            }
        )

    def happened(self, event: SessionEvent) -> None:
        """Write an event of the session."""
        fields = msgspec.structs.asdict(event)
        self._write({name: value for name, value in fields.items() if value is not None})

    def handed_over(self, message: HandedOver, time: float) -> None:
        """Write ``handed_over``, the last event of a session that the supervisor finishes."""
        self._write(
            {
                "event": EventName.HANDED_OVER,
                "session": message.session,
                "time": time,
                "waiting_sentences": message.waiting_sentences,
            }
        )

    def closed(self, message: SessionClosed, exit_code: int, time: float) -> None:
        """Write ``session_closed``."""
        self._write(
            {
                "event": EventName.SESSION_CLOSED,
                "session": message.session,
                "time": time,
                "counts": msgspec.structs.asdict(message.counts),
                "exit_code": exit_code,
                **({"reason": message.reason} if message.reason else {}),
            }
        )

    def _write(self, fields: dict[str, object]) -> None:
        # The event name comes from our own vocabulary; the values may hold text from outside.
        for name, value in fields.items():
            if name != "event" and isinstance(value, str):
                fields[name] = strip_terminal_codes(value)
        self._write_line(msgspec.json.encode(fields) + b"\n")
