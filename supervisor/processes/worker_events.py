"""Worker events: values from the process table for the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from voicestream.protocol.messages import Role
    from voicestream.supervisor.ledger.commands import WorkerId

ROLE_WORDS: Final[dict[Role, str]] = {
    "parser": "parser",
    "translation": "translator",
    "tts": "voice engine",
    "player": "player",
}
"""Names of the roles for people."""


class Started(FrozenRecord, frozen=True):
    """Event: the process of a worker was started."""

    worker: WorkerId


class BecameReady(FrozenRecord, frozen=True):
    """Event: a worker is ready for jobs."""

    worker: WorkerId


class Ended(FrozenRecord, frozen=True):
    """Event: a worker was reaped."""

    worker: WorkerId
    reason: str
    counts_as_failure: bool
    """True if its job may be the cause."""
    told: str = ""
    """Message for people; empty for a requested end."""


class GivenUp(FrozenRecord, frozen=True):
    """Event: no further incarnation of this worker is started until a person requests it."""

    worker: WorkerId
    reason: str
    exit_code: int


class Removed(FrozenRecord, frozen=True):
    """Event: an unneeded worker has ended and was removed from the table."""

    worker: WorkerId


WorkerEvent = Started | BecameReady | Ended | GivenUp | Removed


def crashed(role: Role, status: str, stopped_for: str) -> str:
    """Return the message on a worker that ended unexpectedly and is restarted.

    Args:
        role: of the worker.
        status: of its process, in words.
        stopped_for: the reason for which the supervisor ended it, if it did.
    """
    how = f"failed ({stopped_for})" if stopped_for else f"crashed ({status})"
    return f"the {ROLE_WORDS[role]} {how} and is restarted"


def not_started(role: Role, reason: str) -> str:
    """Return the message on a worker whose start the system refused; the start is retried."""
    return f"the {ROLE_WORDS[role]} could not be started ({reason}); it is tried again"
