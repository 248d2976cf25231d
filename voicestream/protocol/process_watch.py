"""Process watch: detects the end of a process that is not a child.

On Linux it uses a pidfd, which becomes readable when the process ends and cannot refer to a reused process id.
Elsewhere it polls whether the process id is in use.
"""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.5
"""Interval at which ``has_ended`` is called where there is no descriptor to poll."""


class ProcessWatch:
    """Watch of one process."""

    def __init__(self, pid: int) -> None:
        """Initialize; the process ``pid`` may have ended already."""
        self._pid = pid
        self.descriptor: Final[int | None] = _open(pid)
        """Becomes readable when the process ends; None on systems without pidfd."""

    def has_ended(self) -> bool:
        """Return whether the process has ended, reaped or not (without a descriptor: whether its id is unused)."""
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
        """Close the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)


def _open(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except (OSError, OverflowError):
        # It has ended, the kernel is too old, or the id is not a process: ``has_ended`` decides.
        return None


def identity(pid: int) -> str:
    """Return a process id and its start time in ticks since boot (proc(5), field 22); 0 if that is not available."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        start = text.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        start = "0"
    return f"{pid} {start}"
