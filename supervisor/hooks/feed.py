"""Feed: one agent session whose hook events are turned into input of a session. Sans-I/O.

The input is lines in the format ``hook`` of the parser, in order and without copies.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import field

from voicestream.protocol.hook_socket import directory_of
from voicestream.records import Record
from voicestream.supervisor.hooks import requests
from voicestream.supervisor.hooks.turn_order import NewPrompt, Text, TurnEnd, TurnOrder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.supervisor.hooks.events import HookEvent
    from voicestream.supervisor.hooks.turn_order import Output

SILENCE_SECONDS: Final = 900.0
"""A feed without an event for so long closes its session; the next event opens another."""

END_SECONDS: Final = 1.0
"""Time after the end of the agent's session in which its last events may come: their processes overtake each other."""

MAX_WAITING_BYTES: Final = 4 << 20
"""Input that waits for its session to be opened, or for the parser."""

Mark = Literal["hush"]
"""Place in the input at which everything before is dropped."""


class Feed(Record):
    """State of one agent session."""

    agent: str
    order: TurnOrder
    heard_at: float
    """Time of the last event, in seconds of the monotonic clock."""
    waiting: collections.deque[bytes | Mark] = field(default_factory=collections.deque["bytes | Mark"])
    """Input that was not passed to a session yet."""
    waiting_bytes: int = 0
    requests: list[HookEvent] = field(default_factory=list["HookEvent"])
    """Requests and notifications that were not announced yet."""
    wants_session: bool = False
    ended: bool = False
    """True after the end of the agent's session."""
    lost: int = 0
    """Number of lines that found no room."""
    directory: str = ""
    """Working directory of the agent, an absolute path; empty: unknown."""
    variables: dict[str, str] = field(default_factory=dict[str, str])
    """Environment variables of the agent: ``hook_socket.VARIABLES``."""
    _ends_at: float | None = None
    """Time at which the session ends; None: its end was not reported."""
    _requested: HookEvent | None = None
    _requested_at: float = 0.0

    @property
    def due(self) -> float | None:
        """Time of the next ``expire``; None: nothing is waited for."""
        return min((at for at in (self.order.due, self._ends_at) if at is not None), default=None)

    def take(self, event: HookEvent, now: float) -> None:
        """Take one event of the agent."""
        name = event.hook_event_name
        is_start = name in ("SessionStart", "UserPromptSubmit")
        if event.agent_id is not None or (self.ended and not is_start):
            return
        self.heard_at = now
        if is_start:
            self.ended, self._ends_at = False, None
        self.directory = directory_of(event.cwd) or self.directory
        match name:
            case "SessionStart":
                self.wants_session = True
            case "UserPromptSubmit":
                self.wants_session = True
                self._put(self.order.prompt(event))
            case "MessageDisplay" | "MessageStream":
                self._put(self.order.piece(event, now))
            case "Stop":
                self._put(self.order.stop(event, now))
            case "StopFailure":
                self._put(self.order.flush())
                self._put_line(_failure(event))
            case "PermissionRequest" | "Notification":
                self._request(event, now)
            case "SessionEnd":
                self._ends_at = self._ends_at or now + END_SECONDS
            case _:
                pass  # of no interest

    def expire(self, now: float) -> None:
        """Continue without a piece that does not come, and end after the last event."""
        self._put(self.order.expire(now))
        if self._ends_at is not None and now >= self._ends_at:
            self._put(self.order.flush())
            self.ended, self._ends_at = True, None

    def pop(self) -> None:
        """Remove the first waiting input."""
        taken = self.waiting.popleft()
        if isinstance(taken, bytes):
            self.waiting_bytes -= len(taken)

    def clear(self) -> None:
        """Drop what waits."""
        self.waiting.clear()
        self.requests.clear()
        self.waiting_bytes = 0
        self.wants_session = False

    def _request(self, event: HookEvent, now: float) -> None:
        if requests.repeats(event, self._requested, now - self._requested_at):
            return
        self._requested, self._requested_at = event, now
        self.wants_session = True
        self.requests.append(event)

    def _put(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Text():
                    self._put_line(_piece(output))
                case TurnEnd():
                    self._put_line({"hook_event_name": "Stop"})
                case NewPrompt():
                    self._put_line({"hook_event_name": "UserPromptSubmit"})
                    self.waiting.append("hush")

    def _put_line(self, fields: dict[str, object]) -> None:
        line = msgspec.json.encode(fields) + b"\n"
        if self.waiting_bytes + len(line) > MAX_WAITING_BYTES:
            self.lost += 1
            return
        self.wants_session = True
        self.waiting.append(line)
        self.waiting_bytes += len(line)


def _piece(piece: Text) -> dict[str, object]:
    return {
        "hook_event_name": "MessageDisplay",
        "message_id": piece.message,
        "delta": piece.text,
        "final": piece.final,
    }


def _failure(event: HookEvent) -> dict[str, object]:
    return {
        "hook_event_name": "StopFailure",
        "last_assistant_message": event.last_assistant_message,
        "error": event.error,
        "error_details": event.error_details,
    }
