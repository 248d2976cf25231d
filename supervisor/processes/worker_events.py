"""What the process table has found out about workers, for the supervisor to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.protocol.messages import Role


@dataclass(frozen=True)
class Started:
    """The process of a worker is there."""

    role: Role


@dataclass(frozen=True)
class BecameReady:
    """A worker can take work."""

    role: Role


@dataclass(frozen=True)
class Ended:
    """A worker was reaped."""

    role: Role
    reason: str
    counts_as_failure: bool
    """Whether what it had in hand may be the cause."""
    told: str = ""
    """What a person should know of it; empty for an end that was asked for."""


@dataclass(frozen=True)
class RoleFailed:
    """No worker of this role will be started until a person asks for it."""

    role: Role
    reason: str
    exit_code: int


WorkerEvent = Started | BecameReady | Ended | RoleFailed
