"""What the ledger wants done; the supervisor does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.protocol.messages import Counts, Role, SessionEvent, ToWorker


@dataclass(frozen=True)
class Send:
    """Send a message to the worker that has a role now."""

    role: Role
    message: ToWorker


@dataclass(frozen=True)
class Report:
    """Tell the session's client, and whoever listens."""

    event: SessionEvent


@dataclass(frozen=True)
class Closed:
    """A session is over."""

    session: str
    counts: Counts
    exit_code: int
    reason: str


Command = Send | Report | Closed
