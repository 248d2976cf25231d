"""Tells whether sound programs were kept from running: evidence, apart from voicestream, of whose fault a gap was.

Two witnesses. A process for each core, at the priority of the player's sound thread, does nothing but sleep for 2 ms:
when it wakes up late, the core itself stood still, as virtual machines do. And the kernel keeps account of how long
each thread wanted to run while something else had the core (`schedstat`): it is asked about the threads of the player
and of the sound server. On a machine that has time for them both have nothing to tell.

    python -P tests/helpers/faults/standstill.py CORE
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

SLEEP_SECONDS: Final = 0.002

LATE_SECONDS: Final = 0.005
"""Later than this, and waiting for longer than this between two looks, counts; the least buffer holds 10 ms."""

PRIORITY: Final = 1
"""Real-time, as the player's thread that the sound device calls."""

LOOK_SECONDS: Final = 0.025
"""Between two looks at the kernel's account."""


def watch(core: int) -> None:
    """Print when this process was to wake up, and when it did, whenever that was late; runs until it is killed."""
    os.sched_setaffinity(0, {core})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    while True:
        due = time.monotonic() + SLEEP_SECONDS
        time.sleep(SLEEP_SECONDS)
        now = time.monotonic()
        if now - due > LATE_SECONDS:
            print(due, now, flush=True)


@dataclass(frozen=True)
class Wait:
    """Threads of sound programs were kept from running."""

    start: float
    """On the monotonic clock; it was at some time between this and ``end``."""
    end: float
    seconds: float
    """Of all threads together: sound goes from one to the next."""


class Watch:
    """Watches for as long as its block lasts."""

    def __init__(self) -> None:
        self.waits: list[Wait] = []
        self._watched: set[int] = set()
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        for core in sorted(os.sched_getaffinity(0)):
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(core)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._processes.append(process)
            self._threads.append(threading.Thread(target=self._listen, args=(process,), daemon=True))
        self._threads.append(threading.Thread(target=self._look, daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for process in self._processes:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            assert process.stdout is not None
            process.stdout.close()

    def look_at(self, pids: Iterable[int]) -> None:
        """Ask the kernel about these processes from now on."""
        self._watched = set(pids)

    def waited(self, first: float, last: float) -> float:
        """For how many seconds sound was kept waiting between these moments."""
        assert all(process.poll() is None for process in self._processes), "nobody watches"
        return sum(wait.seconds for wait in list(self.waits) if wait.start <= last and wait.end >= first)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for text in process.stdout:
            start, end = (float(word) for word in text.split())
            self.waits.append(Wait(start=start, end=end, seconds=end - start))

    def _look(self) -> None:
        before: dict[str, int] = {}
        looked_at = time.monotonic()
        while not self._is_over.wait(LOOK_SECONDS):
            accounts = {name: value for pid in self._watched for name, value in _accounts(pid)}
            now = time.monotonic()
            waited = sum(value - before[name] for name, value in accounts.items() if name in before) / 1e9
            # A busy machine makes everybody wait for a little all the time: that empties no buffer.
            if waited > LATE_SECONDS * max(1.0, (now - looked_at) / LOOK_SECONDS):
                self.waits.append(Wait(start=looked_at, end=now, seconds=waited))
            before, looked_at = accounts, now


def _accounts(pid: int) -> Iterable[tuple[str, int]]:
    """For each thread of a process, how many nanoseconds it has waited for a core so far."""
    # A process may have ended, and a kernel may keep no account.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in list(Path(f"/proc/{pid}/task").iterdir()):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield task.name, int((task / "schedstat").read_text().split()[1])


if __name__ == "__main__":
    watch(int(sys.argv[1]))
