"""The supervisor as a process: who holds the lock of a run directory, and how that one is ended without its help.

The lock's file names the process, and when it started: a number alone could be another process's by now. Where that is
not written (a full disk), Linux's own list of locks is read. On Linux what is signalled is a pidfd, which cannot become
another process's.
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
"""A supervisor that hears SIGTERM ends its workers, and drains what is heard, in less."""

KILL_SECONDS: Final = 5.0
"""The kernel ends a process at once, unless that waits for a disk or a driver."""

ORPHANS_SECONDS: Final = 1.0
"""Workers notice at once that their supervisor is gone; how long until those that do not are killed."""

LOCKS: Final = Path("/proc/locks")

Step = Literal["SIGTERM", "SIGKILL"]


def find(directory: RunDirectory) -> LockHolder | None:
    """The process that holds the lock now; None if there is none, or none that can be told for certain."""
    return _find_noted(directory) or _find_listed(directory)


def _find_noted(directory: RunDirectory) -> LockHolder | None:
    """The one that has written its name into the lock's file."""
    noted = directory.noted_holder()
    pid = noted.partition(" ")[0]
    if not (pid.isascii() and pid.isdigit() and 1 < int(pid) < 1 << 31) or int(pid) == os.getpid():
        return None
    holder = LockHolder(int(pid))
    # Behind the opening of the pidfd: what is true now is true of the process that it names.
    if holder.is_running() and identity(int(pid)) == noted and directory.is_held() and _is_ours(int(pid), noted):
        return holder
    holder.close()
    return None


def _find_listed(directory: RunDirectory) -> LockHolder | None:
    """The one that the kernel names."""
    pid = _listed(directory)
    if pid is None or pid == os.getpid():
        return None
    holder = LockHolder(pid)
    if holder.is_running() and _listed(directory) == pid:
        return holder
    holder.close()
    return None


def _listed(directory: RunDirectory) -> int | None:
    """The process that the kernel's list has for the lock (proc_locks(5)): the one that has locked it exclusively."""
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
        """Stop watching it."""
        self._watch.close()

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self._watch.has_ended()

    def is_stopped(self) -> bool:
        """Whether it was stopped by a signal, or by a debugger, and cannot answer."""
        import psutil  # noqa: PLC0415 - only where it does not answer

        with suppress(psutil.Error):
            return psutil.Process(self.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return False

    def end(self, term_seconds: float = TERM_SECONDS) -> Step | None:
        """End it and its workers: SIGTERM, and SIGKILL if that does not help in time.

        Returns:
            The step that ended it; None if nothing could.

        Raises:
            PermissionError: it is not the user's process.
        """
        workers = self._workers()
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # one that was stopped takes SIGTERM only when it goes on
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
    """Where the start of a process is not told: whether it is a supervisor, by its command line."""
    if not noted.endswith(" 0"):
        return True
    import psutil  # noqa: PLC0415

    with suppress(psutil.Error):
        return "voicestream.supervisor" in psutil.Process(pid).cmdline()
    return False


def _end_orphans(workers: list[psutil.Process]) -> None:
    """Kill what is left of a supervisor that was killed; ``psutil`` does not mistake a reused number for a worker."""
    import psutil  # noqa: PLC0415

    _, left = psutil.wait_procs(workers, timeout=ORPHANS_SECONDS)
    for worker in left:
        with suppress(psutil.Error):
            worker.kill()
    psutil.wait_procs(left, timeout=ORPHANS_SECONDS)
