"""Lock holder: the supervisor process that holds the lock of a run directory, and its forced shutdown.

The lock file names the process and its start time, because a process id alone may have been reused. If that note is
missing (full disk), Linux's list of locks is read. On Linux signals are sent through a pidfd, which cannot refer to
another process.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from voicestream.protocol.process_watch import ProcessWatch, identity

if TYPE_CHECKING:
    import psutil

    from voicestream.protocol.run_directory import RunDirectory

POLL_SECONDS: Final = 0.02

TERM_SECONDS: Final = 6.0
"""After SIGTERM a supervisor ends its workers and drains playback in less time."""

KILL_SECONDS: Final = 5.0
"""After SIGKILL the kernel ends a process at once, unless it waits for a disk or a driver."""

ORPHANS_SECONDS: Final = 1.0
"""Workers detect at once that their supervisor is gone; those that do not are killed after this time."""

LOCKS: Final = Path("/proc/locks")

Step = Literal["SIGTERM", "SIGKILL"]


def find(directory: RunDirectory) -> LockHolder | None:
    """Return the process that holds the lock now; None if there is none or it cannot be identified."""
    return _find_noted(directory) or _find_listed(directory)


def _find_noted(directory: RunDirectory) -> LockHolder | None:
    """Return the process that has noted its identity in the lock file."""
    noted = directory.noted_holder()
    pid = noted.partition(" ")[0]
    if not (pid.isascii() and pid.isdigit() and 1 < int(pid) < 1 << 31) or int(pid) == os.getpid():
        return None
    holder = LockHolder(int(pid))
    # Checked after the pidfd is open, so it is true of the process that the pidfd refers to.
    if holder.is_running() and identity(int(pid)) == noted and directory.is_held() and _is_ours(int(pid), noted):
        return holder
    holder.close()
    return None


def _find_listed(directory: RunDirectory) -> LockHolder | None:
    """Return the process that the kernel lists as holder."""
    pid = _listed(directory)
    if pid is None or pid == os.getpid():
        return None
    holder = LockHolder(pid)
    if holder.is_running() and _listed(directory) == pid:
        return holder
    holder.close()
    return None


def _listed(directory: RunDirectory) -> int | None:
    """Return the process with the exclusive lock according to proc_locks(5)."""
    found = directory.lock_identity()
    if found is None:
        return None
    device, inode = found
    wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    try:
        lines = LOCKS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None  # not Linux
    for line in lines:
        _number, kind, *words = line.split()
        if kind == "FLOCK" and words[1:2] == ["WRITE"] and words[3:4] == [wanted] and words[2].isdigit():
            return int(words[2]) if int(words[2]) > 1 else None
    return None


class LockHolder:
    """A process that holds a lock; it may end at any time."""

    def __init__(self, pid: int) -> None:
        self.pid: Final = pid
        self._watch: Final = ProcessWatch(pid)

    def close(self) -> None:
        """Close the descriptors that watch it."""
        self._watch.close()

    def is_running(self) -> bool:
        """Return whether the process is still running."""
        return not self._watch.has_ended()

    def is_stopped(self) -> bool:
        """Return whether the process was stopped by a signal or a debugger and cannot answer."""
        import psutil  # noqa: PLC0415 - only where it does not answer

        with suppress(psutil.Error):
            return psutil.Process(self.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return False

    def end(self, term_seconds: float = TERM_SECONDS) -> Step | None:
        """Shut down the process and its workers: SIGTERM, then SIGKILL after ``term_seconds``.

        Returns:
            The step that ended it; None if nothing did.

        Raises:
            PermissionError: it is another user's process.
        """
        workers = self._workers()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a stopped process handles SIGTERM only after it is resumed
        step: Step = "SIGTERM"
        if not self._ends_within(term_seconds):
            workers += self._workers()
            step = "SIGKILL"
            self._signal(signal.SIGKILL)
            if not self._ends_within(KILL_SECONDS):
                return None
        _end_orphans(workers)
        return step

    def _workers(self) -> list[psutil.Process]:
        import psutil  # noqa: PLC0415

        with suppress(psutil.Error):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if self._watch.descriptor is not None:
                signal.pidfd_send_signal(self._watch.descriptor, number)
            elif self.is_running():
                os.kill(self.pid, number)

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def _is_ours(pid: int, noted: str) -> bool:
    """Return whether a process is a supervisor, by its command line, if its start time is not available."""
    if not noted.endswith(" 0"):
        return True
    import psutil  # noqa: PLC0415

    with suppress(psutil.Error):
        return "voicestream.supervisor" in psutil.Process(pid).cmdline()
    return False


def _end_orphans(workers: list[psutil.Process]) -> None:
    """Kill the remaining workers of a killed supervisor; ``psutil`` does not confuse reused process ids."""
    import psutil  # noqa: PLC0415

    _, left = psutil.wait_procs(workers, timeout=ORPHANS_SECONDS)
    for worker in left:
        with suppress(psutil.Error):
            worker.kill()
    psutil.wait_procs(left, timeout=ORPHANS_SECONDS)
