"""Events of workers, as the process table finds them, for the supervisor to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.protocol.messages import Role
    from voicestream.supervisor.ledger.commands import WorkerId

ROLE_WORDS: Final[dict[Role, str]] = {
    "parser": "parser",
    "translation": "translator",
    "tts": "voice engine",
    "player": "player",
}
"""Roles in words for people."""


@dataclass(frozen=True)
class Started:
    """The process of a worker is there."""

    worker: WorkerId


@dataclass(frozen=True)
class BecameReady:
    """A worker can take work."""

    worker: WorkerId


@dataclass(frozen=True)
class Ended:
    """A worker was reaped."""

    worker: WorkerId
    reason: str
    counts_as_failure: bool
    """Whether its job may be the cause."""
    told: str = ""
    """What a person should know of it; empty for an end that was asked for."""


@dataclass(frozen=True)
class GivenUp:
    """No further incarnation of this worker will be started until a person asks for it."""

    worker: WorkerId
    reason: str
    exit_code: int


@dataclass(frozen=True)
class Removed:
    """A worker that nobody needed has ended; it is not in the table any more."""

    worker: WorkerId


WorkerEvent = Started | BecameReady | Ended | GivenUp | Removed


def crashed(role: Role, status: str, stopped_for: str) -> str:
    """A sentence on a worker that ended unasked and is started again.

    Args:
        role: of the worker.
        status: of its process, in words.
        stopped_for: the reason for which the supervisor ended it, if it did.
    """
    how = f"failed ({stopped_for})" if stopped_for else f"crashed ({status})"
    return f"the {ROLE_WORDS[role]} {how} and is restarted"


def not_started(role: Role, reason: str) -> str:
    """A sentence on a worker for which the system has no process now; the start is tried again."""
    return f"the {ROLE_WORDS[role]} could not be started ({reason}); it is tried again"
