"""Events of workers, as the process table finds them, for the supervisor to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.supervisor.ledger.commands import WorkerId


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
