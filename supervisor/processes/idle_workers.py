"""Policy for idle workers: they end after a time, or sooner when the workers take too much memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.config.worker_limits import WorkerLimits
    from voicestream.supervisor.ledger.commands import WorkerId

MIB: Final = 1 << 20


class Snapshot(FrozenRecord, frozen=True):
    """State of a worker as seen by the policy."""

    worker: WorkerId
    memory: int
    """Memory of the process, in bytes."""
    idle_since: float | None
    """Time since which no session needs it; None: it is needed, or its role has one permanent worker."""


def to_end(workers: Iterable[Snapshot], limits: WorkerLimits, now: float) -> list[tuple[WorkerId, str]]:
    """Return the workers to end, each with the reason. Pure.

    Args:
        workers: all of them.
        limits: of time and memory.
        now: seconds on the monotonic clock.
    """
    known = list(workers)
    total = sum(one.memory for one in known)
    found: list[tuple[WorkerId, str]] = []
    idle = [(one.idle_since, one.worker, one.memory) for one in known if one.idle_since is not None]
    for idle_since, worker, memory in sorted(idle):
        if now >= idle_since + limits.idle_seconds:
            found.append((worker, f"no session has needed it for {limits.idle_seconds:g} s"))
        elif limits.memory_bytes and total > limits.memory_bytes:
            taken = f"workers take {total // MIB} MiB, more than {limits.memory_bytes // MIB}"
            found.append((worker, f"{taken}, and no session needs it"))
        else:
            continue
        total -= memory
    return found
