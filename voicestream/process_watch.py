"""Noticing the end of a process that is not our child.

Linux: a pidfd, which becomes readable when the process ends and cannot be confused by a reused number (pitfall 43).
Elsewhere: asking again and again whether the number is still taken.
"""

from __future__ import annotations

import os
import select
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
            return bool(select.select([self.descriptor], [], [], 0)[0])
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
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
    except OSError:
        # It has ended, or the kernel is too old: has_ended() tells.
        return None
