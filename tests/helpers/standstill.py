"""Watches whether the machine itself stood still: evidence, apart from voicestream, of whose fault a gap was.

One process for each core at the priority of the player's sound thread, and one at that of its main thread, do nothing
but sleep for 2 ms. When one of them wakes up late, so would any sound program have.

    python -P tests/helpers/standstill.py [CORE]
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SLEEP_SECONDS: Final = 0.002

LATE_SECONDS: Final = 0.005
"""Later than this is a standstill; the least buffer of a sound device holds 10 ms."""

PRIORITY: Final = 1
"""Real-time, as the player's thread that the sound device calls."""

NICENESS: Final = -11
"""As the rest of the player."""


def watch(core: int | None) -> None:
    """Print when this process was to wake up, and when it did, whenever that was late; runs until it is killed."""
    with contextlib.suppress(PermissionError):
        if core is None:
            Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        else:
            os.sched_setaffinity(0, {core})
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    while True:
        due = time.monotonic() + SLEEP_SECONDS
        time.sleep(SLEEP_SECONDS)
        now = time.monotonic()
        if now - due > LATE_SECONDS:
            print(due, now, flush=True)


class Watch:
    """The watching processes; a context manager."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self.standstills: list[tuple[float, float]] = []
        """From when to when on the monotonic clock."""

    def __enter__(self) -> Self:
        for core in (None, *sorted(os.sched_getaffinity(0))):
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, *([] if core is None else [str(core)])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._processes.append(process)
            thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            assert process.stdout is not None
            process.stdout.close()

    def longest(self, first: float, last: float) -> float:
        """For how many seconds the machine stood still at once between these moments; 0: it did not."""
        assert all(process.poll() is None for process in self._processes), "nobody watches"
        found = [end - start for start, end in list(self.standstills) if start <= last and end >= first]
        return max(found, default=0.0)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for text in process.stdout:
            start, end = text.split()
            self.standstills.append((float(start), float(end)))


if __name__ == "__main__":
    watch(int(sys.argv[1]) if len(sys.argv) > 1 else None)
