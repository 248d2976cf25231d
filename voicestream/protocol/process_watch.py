"""Noticing the end of a process that is not our child.

Linux: a pidfd, which becomes readable when the process ends and cannot be confused by a reused number.
Elsewhere: asking again and again whether the number is still taken.
"""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.5
"""How often ``has_ended`` should be asked where there is nothing to poll."""


class ProcessWatch:
    """Watches one process."""

    def __init__(self, pid: int) -> None:
        """``pid`` may have ended already."""
        self._pid = pid
        self.descriptor: Final[int | None] = _open(pid)
        """Becomes readable when the process ends; None where the system has nothing like it."""

    def has_ended(self) -> bool:
        """Whether the process has ended, reaped or not (without a descriptor: whether its number is free again)."""
        if self.descriptor is not None:
            poll = select.poll()  # not select(), which refuses descriptors from 1024 on
            poll.register(self.descriptor, select.POLLIN)
            return bool(poll.poll(0))
        if self._pid <= 0:
            return True  # no process has such a number; for os.kill it means a group
        try:
            os.kill(self._pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            return False
        return False

    def close(self) -> None:
        """Stop watching."""
        if self.descriptor is not None:
            os.close(self.descriptor)


def _open(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except (OSError, OverflowError):
        # It has ended, the kernel is too old, or this is no process's number: has_ended() tells.
        return None


def identity(pid: int) -> str:
    """A process's number and when it started, in ticks since the boot (proc(5), field 22); 0 where that is not told."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        start = text.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        start = "0"
    return f"{pid} {start}"
